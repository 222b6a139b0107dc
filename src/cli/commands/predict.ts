import { Command, Option } from 'commander'
import { counted, duration, rate } from '../../report/render/format.ts'
import { textFacts } from '../../report/render/table.ts'
import type { DataOptions } from '../../runs/load/load-data.ts'
import type { Predicted } from '../../runs/predict/predict.ts'
import { type PipelineFlags, passagesOption, withPipelineFlags } from '../flags/answering.ts'
import { type EngineFlags, engineChoice, withEngineFlags } from '../flags/engine.ts'
import { type HubFlags, withDataFlags, withHubFlags, withHubProgress } from '../flags/hub.ts'
import { type ShardFlag, withShardFlag } from '../flags/outputs.ts'
import { integerFrom } from '../flags/parsers.ts'
import { untilInterrupted } from '../terminal/interrupts.ts'
import { createOutput, type Output } from '../terminal/output.ts'
import { terminalScreen } from '../terminal/screen.ts'

interface PredictFlags extends HubFlags, PipelineFlags, DataOptions, EngineFlags, ShardFlag {
  readonly model: string
  readonly input: string
  readonly output: string
  readonly postprocess: 'exact' | 'pipeline' | 'run_qa'
  readonly n_best_size: number
  readonly padding: 'do_not_pad' | 'longest' | 'max_length'
  readonly overwrite?: boolean
  readonly index?: string
  readonly passages: number
}

const DETAILS = `
Each line of the output is a JSON object with these fields:
  id            id of the question; those without one are q1, q2 and so on
  answer        the answer, or "" for no answer
  score         probability of the answer
  start, end    position in UTF-16 units
  answer_start  position in code points, as in SQuAD
  answers       all answers, with --top_k above 1
  null_odds     the higher, the more likely there is no answer; with
                --handle_impossible_answer
  confidence    probability that the answer is correct, if stored with the model
  document, page, headings   source of the answer, with --index
  error         why the question cannot be answered (empty or too long)

With --postprocess pipeline, the defaults of the Python pipeline apply:
--max_answer_length 15, --max_seq_length 384 and --doc_stride 128. Of the
settings stored with the model, only the threshold is used.

If the command is interrupted, run it again to resume. The output is identical
to that of an uninterrupted run.

Examples:
  spanforge predict --model out --input questions.jsonl --output answers.jsonl
  spanforge predict --model out --input dev.parquet --output answers.jsonl.gz \\
    --top_k 5 --handle_impossible_answer
  spanforge predict --model out --index index --input questions.csv \\
    --output answers.jsonl
  spanforge predict --model out --input dev.json --output predictions \\
    --postprocess run_qa --padding max_length
`

/** `spanforge predict`: answers all questions of a file. */
export function predictCommand(): Command {
  const command = new Command('predict')
    .requiredOption('--model <folder>', 'model folder or hub name')
    .requiredOption(
      '--input <file>',
      'SQuAD JSON, JSON lines, CSV, .xlsx, Parquet or Arrow file, optionally gzipped, or dataset name',
    )
    .requiredOption('--output <file>', 'JSON lines file, compressed if it ends with .gz; a folder with run_qa')
    .addOption(
      new Option(
        '--postprocess <name>',
        'exact probabilities, the scores of the Python pipeline, or the three files of run_qa',
      )
        .choices(['exact', 'pipeline', 'run_qa'])
        .default('exact'),
    )
    .option('--index <folder>', 'answer from the documents of an index (see "spanforge index"); contexts are ignored')
    .addOption(passagesOption())
    .option('--n_best_size <integer>', 'answers per question with run_qa', integerFrom(1), 20)
    .addOption(
      new Option('--padding <name>', 'padding of windows; with run_qa, use max_length to match run_qa.py exactly')
        .choices(['do_not_pad', 'longest', 'max_length'])
        .default('do_not_pad'),
    )
    .option('--overwrite', 'replace an existing output, complete or unfinished')
  return withDataFlags(
    withHubFlags(
      withEngineFlags(withPipelineFlags(withShardFlag(command))).option('--json', 'print a summary as JSON'),
    ),
    'validation',
  )
    .addHelpText('after', DETAILS)
    .action(predictAll)
}

async function predictAll(flags: PredictFlags): Promise<void> {
  const { predict } = await import('../../runs/predict/predict.ts')
  const output = createOutput(flags.json === true)
  await untilInterrupted(output, async (signal) => {
    const found = await withHubProgress('Downloading', flags, output, (hub) =>
      predict({
        ...flags,
        choice: engineChoice(flags),
        screen: terminalScreen(output),
        hub: { ...hub, revision: flags.revision },
        signal,
      }),
    )
    report(found, output)
  })
}

function report(found: Predicted, output: Output): void {
  const { files, questions, failed, windows, runtime, questions_per_second } = found
  output.print(
    textFacts([
      ['Answered', `${counted(questions - failed, 'question')}, ${counted(windows, 'window')}`],
      ...(failed ? [['Not answered', `${counted(failed, 'question')}; see "error" in the output`] as const] : []),
      ['Time', `${duration(runtime)}, ${rate(questions_per_second, 'questions')}`],
      ...files.map((file, i) => [i ? '' : 'Written', file] as const),
    ]),
  )
  output.result(found)
}
