import { Command } from 'commander'
import { textFacts } from '../../report/render/table.ts'
import type { DataOptions } from '../../runs/load/load-data.ts'
import { type WindowFlags, withWindowFlags } from '../flags/answering.ts'
import { DATA_ARGUMENT } from '../flags/data.ts'
import { type HubFlags, withDataFlags, withHubFlags, withHubProgress } from '../flags/hub.ts'
import { integerFrom } from '../flags/parsers.ts'
import { createOutput } from '../terminal/output.ts'
import { terminalScreen } from '../terminal/screen.ts'
import { checkCommand } from './data/check.ts'
import { convertCommand } from './data/convert.ts'
import { dataMergeCommand } from './data/merge.ts'
import { sampleCommand } from './data/sample.ts'
import { splitCommand } from './data/split.ts'

const DETAILS = `
Data files are SQuAD JSON, JSON lines, CSV, Excel, Parquet, Arrow and exports of
Label Studio; see docs/data.md.

Examples:
  spanforge data check all.csv --fix questions.csv
  spanforge data split questions.csv --train train.json --validation dev.json
  spanforge data convert train.parquet train.json
`

/** `spanforge data ...`: checks, converts and inspects data files. */
export const dataCommand = (): Command =>
  new Command('data')
    .addCommand(checkCommand())
    .addCommand(windowsCommand())
    .addCommand(splitCommand())
    .addCommand(sampleCommand())
    .addCommand(dataMergeCommand())
    .addCommand(convertCommand())
    .addHelpText('after', DETAILS)

interface WindowsFlags extends WindowFlags, HubFlags, DataOptions {
  readonly model: string
  readonly max_samples?: number
}

function windowsCommand(): Command {
  const command = new Command('windows')
    .description('cut a dataset into windows and print their number and digests')
    .argument('<file>', DATA_ARGUMENT)
    .requiredOption('--model <folder>', 'model folder or hub name of the tokenizer')
    .option('--max_samples <integer>', 'maximum number of questions', integerFrom(1))
    .option('--json', 'print the result as JSON')
  return withDataFlags(withHubFlags(withWindowFlags(command)), 'train')
    .addHelpText(
      'after',
      `
The digests are SHA-256 hashes of the concatenated windows as little-endian
int32. Two programs with equal digests feed the model the same input.

Example:
  spanforge data windows train.json --model bert-base-uncased --max_samples 3000
`,
    )
    .action(windows)
}

async function windows(file: string, flags: WindowsFlags): Promise<void> {
  const { inspectWindows } = await import('../../runs/inspect/inspect-windows.ts')
  const output = createOutput(flags.json === true)
  const found = await withHubProgress('Downloading', flags, output, (hub) =>
    inspectWindows(file, { ...flags, screen: terminalScreen(output), hub: { ...hub, revision: flags.revision } }),
  )
  if (output.forPeople) output.print(textFacts(Object.entries(found).map(([name, value]) => [name, String(value)])))
  output.result(found)
}
