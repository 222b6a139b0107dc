import { Command, Option } from 'commander'
import { UsageError } from '../../errors.ts'
import { count, counted } from '../../report/render/format.ts'
import { textFacts } from '../../report/render/table.ts'
import type { ModelsEvaluation } from '../../runs/evaluate/compare-models.ts'
import type { ModelEvaluation } from '../../runs/evaluate/evaluate-model.ts'
import type { DataOptions } from '../../runs/load/load-data.ts'
import type { Shard } from '../../runs/shards/shard.ts'
import { maxAnswerLengthOption, thresholdOption, type WindowFlags, withWindowFlags } from '../flags/answering.ts'
import { type EngineFlags, engineChoice, withEngineFlags } from '../flags/engine.ts'
import { type HubFlags, withDataFlags, withHubFlags, withHubProgress } from '../flags/hub.ts'
import { type OverwriteFlag, type ShardFlag, withOverwriteFlag, withShardFlag } from '../flags/outputs.ts'
import { anyNumber, integerFrom, listed } from '../flags/parsers.ts'
import { untilInterrupted } from '../terminal/interrupts.ts'
import { createOutput } from '../terminal/output.ts'
import { terminalScreen } from '../terminal/screen.ts'
import { evaluationText, modelsText } from './evaluate-text.ts'

interface EvaluateFlags extends OverwriteFlag, WindowFlags, HubFlags, DataOptions, EngineFlags, ShardFlag {
  readonly model: readonly string[]
  readonly data: string
  readonly max_eval_samples?: number
  readonly padding: 'none' | 'longest' | 'max_length'
  readonly batch_size: number
  readonly max_answer_length?: number
  readonly version_2_with_negative?: boolean
  readonly null_score_diff_threshold?: number
  readonly postprocess: 'exact' | 'run_qa'
  readonly n_best_size: number
  readonly confidence_level: number
  readonly output_dir?: string
  readonly report?: string
  readonly calibrate?: boolean
}

const EXAMPLES = `
Examples:
  Compute loss, exact match and F1 with bootstrap intervals:
    spanforge evaluate --model out --data dev.json

  Write an error analysis as an HTML page, and the prediction files of run_qa:
    spanforge evaluate --model out --data dev.json --report errors.html \\
      --output_dir evaluation

  Compare two models on the same questions, with a paired test:
    spanforge evaluate --model out --model out-2 --data dev.json

  Fit the threshold and the confidence on SQuAD v2.0 and store them:
    spanforge evaluate --model out --data dev-v2.0.json \\
      --version_2_with_negative --calibrate
`

/** `spanforge evaluate`: computes loss, exact match and F1 of one or several models. */
export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .requiredOption('--model <folder>', 'model folder or hub name; repeat it to compare models', listed)
    .requiredOption('--data <file>', 'data file in any format, or dataset name (squad, owner/name)')
    .option('--max_eval_samples <integer>', 'maximum number of questions', integerFrom(1))
    .option('--report <file>', 'write an error analysis as HTML, and as JSON next to it')
    .option(
      '--output_dir <folder>',
      'write predictions.json, nbest_predictions.json, null_odds.json, eval_results.json',
    )
    .option('--n_best_size <integer>', 'answers per question in nbest_predictions.json', integerFrom(1), 20)
    .addOption(maxAnswerLengthOption())
    .option('--version_2_with_negative', 'the data has unanswerable questions (default: stored with the model)')
    .option('--no-version_2_with_negative', 'the data has no unanswerable questions')
    .addOption(thresholdOption())
    .option(
      '--calibrate',
      'fit the "no answer" threshold and the confidence on these questions (at least 200), and store them',
    )
    .addOption(
      new Option(
        '--postprocess <name>',
        'exact considers every span; run_qa considers the 20 best starts and ends, like utils_qa.py',
      )
        .choices(['exact', 'run_qa'])
        .default('exact'),
    )
    .option('--confidence_level <number>', 'confidence level of the intervals', anyNumber, 0.95)
    .addOption(
      new Option('--padding <name>', 'padding seen by the loss and by run_qa; use max_length to match run_qa.py')
        .choices(['none', 'longest', 'max_length'])
        .default('none'),
    )
    .option('--batch_size <integer>', 'number of windows padded together with --padding longest', integerFrom(1), 8)
    .option('--json', 'print the result as JSON')
  return withOverwriteFlag(
    withDataFlags(withHubFlags(withEngineFlags(withWindowFlags(withShardFlag(command)))), 'validation'),
  )
    .addHelpText('after', EXAMPLES)
    .action(evaluate)
}

async function evaluate({ model: models, shard, ...flags }: EvaluateFlags): Promise<void> {
  if (shard) return evaluatePart(models, shard, flags)
  const { evaluateModel } = await import('../../runs/evaluate/evaluate-model.ts')
  const { compareModels } = await import('../../runs/evaluate/compare-models.ts')
  const output = createOutput(flags.json === true)
  const found = await withHubProgress(
    'Downloading',
    flags,
    output,
    (hub): Promise<ModelEvaluation | ModelsEvaluation> => {
      const choice = engineChoice(flags)
      const options = { ...flags, choice, screen: terminalScreen(output), hub: { ...hub, revision: flags.revision } }
      const [model] = models
      return models.length > 1 ? compareModels(models, options) : evaluateModel({ ...options, model: model })
    },
  )
  if (output.forPeople) output.print('models' in found ? modelsText(found) : evaluationText(found))
  output.result(found)
}

/** Computes one shard, which can be interrupted and resumed. */
async function evaluatePart(
  models: readonly string[],
  shard: Shard,
  flags: Omit<EvaluateFlags, 'model' | 'shard'>,
): Promise<void> {
  if (models.length > 1)
    throw new UsageError(
      'evaluate: --shard takes a single --model',
      'Evaluate each model in shards of its own, with its own --output_dir.',
    )
  const { evaluateShard } = await import('../../runs/evaluate/evaluate-shard.ts')
  const output = createOutput(flags.json === true)
  const isComplete = await untilInterrupted(output, async (signal) => {
    const found = await withHubProgress('Downloading', flags, output, (hub) => {
      const choice = engineChoice(flags)
      const options = { ...flags, choice, screen: terminalScreen(output), hub: { ...hub, revision: flags.revision } }
      return evaluateShard({ ...options, model: models[0] }, shard, signal)
    })
    const { windows, all_windows, files } = found
    output.print(
      textFacts([
        ['Shard', found.shard],
        ['Read', `${count(windows)} of ${counted(all_windows, 'window')}`],
        ...files.map((file, i) => [i ? '' : 'Written', file] as const),
      ]),
    )
    output.result(found)
  })
  if (!isComplete) output.print('Stopped. Run the same command again to resume.')
}
