import { Command, Option } from 'commander'
import type { ModelsEvaluation } from '../runs/evaluate/compare-models.ts'
import type { ModelEvaluation } from '../runs/evaluate/evaluate-model.ts'
import type { DataOptions } from '../runs/load/load-data.ts'
import { type EngineFlags, engineChoice, withEngineFlags } from './engine-options.ts'
import { evaluationText, modelsText } from './evaluate-text.ts'
import {
  anyNumber,
  listed,
  type OverwriteFlag,
  type WindowFlags,
  wholeNumber,
  withOverwriteFlag,
  withWindowFlags,
} from './flags.ts'
import { type HubFlags, withDataFlags, withHubFlags, withHubProgress } from './hub-options.ts'
import { createOutput } from './output.ts'
import { terminalScreen } from './terminal-screen.ts'

interface EvaluateFlags extends OverwriteFlag, WindowFlags, HubFlags, DataOptions, EngineFlags {
  readonly model: readonly string[]
  readonly data: string
  readonly max_samples?: number
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
  Loss, exact match and F1, each score with its bootstrap interval:
    spanforge evaluate --model out --data dev.json

  An analysis of the errors as an HTML page, and the predictions of run_qa:
    spanforge evaluate --model out --data dev.json --report errors.html \\
      --output_dir evaluation

  Compare two models on the same questions, with a paired test:
    spanforge evaluate --model out --model out-2 --data dev.json

  SQuAD v2.0: fit threshold and confidence on these questions, store them:
    spanforge evaluate --model out --data dev-v2.0.json \\
      --version_2_with_negative --calibrate
`

/** `spanforge evaluate`: loss, exact match and F1 of one or several models on a data file. */
export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .requiredOption('--model <folder>', 'model folder, or name on the hub; several are compared', listed)
    .requiredOption('--data <file>', 'data file of any format, or name of a data set (squad, owner/name)')
    .option('--max_samples <integer>', 'the first so many questions only', wholeNumber(1))
    .option('--report <file>', 'write the error analysis: this HTML file, and its JSON beside it')
    .option(
      '--output_dir <folder>',
      'write predictions.json, nbest_predictions.json, null_odds.json, eval_results.json',
    )
    .option('--n_best_size <integer>', 'answers of each question in nbest_predictions.json', wholeNumber(1), 20)
    .option(
      '--max_answer_length <integer>',
      'longest answer in tokens (default: as stored with the model, or else 30)',
      wholeNumber(1),
    )
    .option('--version_2_with_negative', 'the data holds questions without an answer (as stored with the model)')
    .option('--no-version_2_with_negative', 'it holds none, whatever is stored with the model')
    .option(
      '--null_score_diff_threshold <number>',
      'answer "" where it is better by more than this (0, or what is stored)',
      anyNumber,
    )
    .option(
      '--calibrate',
      'fit the threshold for "no answer" and the confidence of answers on these questions (200 or more) and store them with the model',
    )
    .addOption(
      new Option('--postprocess <name>', 'exact looks at every span, run_qa as utils_qa.py at the 20 best ends')
        .choices(['exact', 'run_qa'])
        .default('exact'),
    )
    .option('--confidence_level <number>', 'of the intervals', anyNumber, 0.95)
    .addOption(
      new Option('--padding <name>', 'what the loss, and run_qa, see of padding; max_length as run_qa.py')
        .choices(['none', 'longest', 'max_length'])
        .default('none'),
    )
    .option('--batch_size <integer>', 'windows that longest pads together', wholeNumber(1), 8)
    .option('--json', 'print one JSON document')
  return withOverwriteFlag(withDataFlags(withHubFlags(withEngineFlags(withWindowFlags(command))), 'validation'))
    .addHelpText('after', EXAMPLES)
    .action(evaluate)
}

async function evaluate({ model: models, ...flags }: EvaluateFlags): Promise<void> {
  const { evaluateModel } = await import('../runs/evaluate/evaluate-model.ts')
  const { compareModels } = await import('../runs/evaluate/compare-models.ts')
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
