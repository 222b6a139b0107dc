import { Command } from 'commander'
import type { ModelEvaluation } from '../runs/evaluate-model.ts'
import type { DataOptions } from '../runs/load-data.ts'
import { anyNumber, type WindowFlags, wholeNumber, withWindowFlags } from './flags.ts'
import { count, decimal, duration, rate } from './format.ts'
import { type HubFlags, withDataFlags, withHubFlags, withHubProgress } from './hub-options.ts'
import { createOutput } from './output.ts'
import { textFacts } from './table.ts'
import { terminalScreen } from './terminal-screen.ts'

interface EvaluateFlags extends WindowFlags, HubFlags, DataOptions {
  readonly model: string
  readonly data: string
  readonly max_samples?: number
  readonly padding: 'none' | 'longest' | 'max_length'
  readonly batch_size: number
  readonly max_answer_length: number
  readonly version_2_with_negative?: boolean
  readonly null_score_diff_threshold: number
}

/** `spanforge evaluate`: loss, exact match and F1 of a model on a data file. */
export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('measure loss, exact match and F1 of a model on a data file')
    .requiredOption('--model <folder>', 'model folder, or name on the hub')
    .requiredOption('--data <file>', 'data file of any format, or name of a data set (squad, owner/name)')
    .option('--max_samples <integer>', 'the first so many questions only', wholeNumber(1))
    .option('--max_answer_length <integer>', 'longest answer in tokens', wholeNumber(1), 30)
    .option('--version_2_with_negative', 'the data holds questions without an answer')
    .option('--null_score_diff_threshold <number>', 'answer "" where it is better by more than this', anyNumber, 0)
    .option('--padding <name>', 'none, longest or max_length: what the loss sees of padding', 'none')
    .option('--batch_size <integer>', 'windows that longest pads together', wholeNumber(1), 8)
    .option('--json', 'print one JSON document')
  return withDataFlags(withHubFlags(withWindowFlags(command)), 'validation').action(evaluate)
}

async function evaluate(flags: EvaluateFlags): Promise<void> {
  const { evaluateModel } = await import('../runs/evaluate-model.ts')
  const output = createOutput(flags.json === true)
  const found = await withHubProgress('Downloading', flags, output, (hub) =>
    evaluateModel({ ...flags, screen: terminalScreen(output), hub: { ...hub, revision: flags.revision } }),
  )
  if (output.forPeople) output.print(textOf(found))
  output.result(found)
}

const textOf = (found: ModelEvaluation): string =>
  textFacts([
    ['Exact match', `${decimal(found.exact_match)} %`],
    ['F1', `${decimal(found.f1)} %`],
    ['Loss', decimal(found.eval_loss, 4)],
    ['Read', `${count(found.examples)} questions, ${count(found.windows)} windows`],
    ['Time', `${duration(found.runtime)}, ${rate(found.samples_per_second, 'samples')}`],
  ])
