import { Command, Option } from 'commander'
import type { DataOptions } from '../runs/load/load-data.ts'
import type { Predicted } from '../runs/predict/predict.ts'
import { type EngineFlags, engineChoice, withEngineFlags } from './engine-options.ts'
import { wholeNumber } from './flags.ts'
import { count, counted, duration, rate } from './format.ts'
import { type HubFlags, withDataFlags, withHubFlags, withHubProgress } from './hub-options.ts'
import { catchInterrupts } from './interrupts.ts'
import { createOutput, type Output } from './output.ts'
import { type PipelineFlags, withPipelineFlags } from './pipeline-flags.ts'
import { textFacts } from './table.ts'
import { terminalScreen } from './terminal-screen.ts'

interface PredictFlags extends HubFlags, PipelineFlags, DataOptions, EngineFlags {
  readonly model: string
  readonly input: string
  readonly output: string
  readonly postprocess: 'exact' | 'pipeline' | 'run_qa'
  readonly n_best_size: number
  readonly padding: 'do_not_pad' | 'longest' | 'max_length'
  readonly overwrite?: boolean
}

const EXAMPLES = `
Each line of the output is a JSON object with the question's id and its answer:
score (a probability), start and end in UTF-16 units, and answer_start in code
points, as SQuAD counts. With --top_k above 1 it has all answers; with
--handle_impossible_answer it has null_odds, which is larger the more likely it
is that there is no answer; with a model that has a stored confidence it has the
probability that the answer is right. The line of a question that cannot be
answered (it is empty, or longer than a window) has an error instead. Only id,
question and context of the input are read; ids are optional.

If it is interrupted, run the same command again to resume; the output is the
same, byte for byte.

Examples:
  spanforge predict --model out --input questions.jsonl --output answers.jsonl
  spanforge predict --model out --input dev.parquet --output answers.jsonl.gz \\
    --top_k 5 --handle_impossible_answer
  spanforge predict --model out --input dev.json --output predictions \\
    --postprocess run_qa --padding max_length
`

/** `spanforge predict`: the answers to all questions of a file. */
export function predictCommand(): Command {
  const command = new Command('predict')
    .requiredOption('--model <folder>', 'model folder, or name on the hub')
    .requiredOption(
      '--input <file>',
      'SQuAD JSON, JSON lines, CSV, .xlsx, Parquet or Arrow, gzipped or not; or name of a data set',
    )
    .requiredOption('--output <file>', 'answers, a line of JSON each; .gz compresses; with run_qa a folder')
    .addOption(
      new Option(
        '--postprocess <name>',
        'exact probabilities; the scores of the Python pipeline; or the three files of run_qa',
      )
        .choices(['exact', 'pipeline', 'run_qa'])
        .default('exact'),
    )
    .option('--n_best_size <integer>', 'with run_qa: answers of each question', wholeNumber(1), 20)
    .addOption(
      new Option('--padding <name>', 'of windows; max_length with run_qa gives the very files of run_qa.py')
        .choices(['do_not_pad', 'longest', 'max_length'])
        .default('do_not_pad'),
    )
    .option('--overwrite', 'replace an existing output, complete or not')
  return withDataFlags(
    withHubFlags(withEngineFlags(withPipelineFlags(command)).option('--json', 'print one JSON document')),
    'validation',
  )
    .addHelpText('after', EXAMPLES)
    .action(predictAll)
}

async function predictAll(flags: PredictFlags): Promise<void> {
  const { predict } = await import('../runs/predict/predict.ts')
  const output = createOutput(flags.json === true)
  const interrupts = catchInterrupts(() => output.print('Stopping. Press Ctrl-C again to quit immediately.'))
  try {
    const found = await withHubProgress('Downloading', flags, output, (hub) =>
      predict({
        ...flags,
        choice: engineChoice(flags),
        screen: terminalScreen(output),
        hub: { ...hub, revision: flags.revision },
        signal: interrupts.signal,
      }),
    )
    report(found, output)
  } catch (error) {
    if (!interrupts.signal.aborted || error !== interrupts.signal.reason) throw error
    process.exitCode = interrupts.exitCode()
  } finally {
    interrupts.release()
  }
}

function report(found: Predicted, output: Output): void {
  const { files, questions, failed, windows, runtime, questions_per_second } = found
  output.print(
    textFacts([
      ['Answered', `${counted(questions - failed, 'question')}, ${counted(windows, 'window')}`],
      ...(failed ? [['Not answered', `${count(failed)}: their lines say why`] as const] : []),
      ['Time', `${duration(runtime)}, ${rate(questions_per_second, 'questions')}`],
      ...files.map((file, i) => [i ? '' : 'Written', file] as const),
    ]),
  )
  output.result(found)
}
