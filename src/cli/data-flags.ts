import { type Command, Option } from 'commander'
import type { SourceExample } from '../data/read-examples.ts'
import type { Examples, RowLayout } from '../data/rows.ts'
import { checkOutputs } from '../files/output.ts'
import { type DataOptions, dataChoice, dataFiles } from '../runs/load/load-data.ts'
import { type OverwriteFlag, withOverwriteFlag } from './flags.ts'
import { type OfflineFlag, withDataFlags, withHubProgress, withOfflineFlag } from './hub-options.ts'
import type { Output } from './output.ts'

/** What the commands under `data` share that work on files, or on data sets by name. */
export interface DataCommandFlags extends DataOptions, OfflineFlag, OverwriteFlag {
  readonly json?: boolean
}

/** What such a command says of its argument. */
export const DATA_ARGUMENT = 'data file of any format, or name of a data set (squad, owner/name)'

export const withDataCommandFlags = (command: Command): Command =>
  withOverwriteFlag(withOfflineFlag(withDataFlags(command, 'train'))).option('--json', 'print one JSON document')

/** Of a command that copies questions. */
export interface ColumnsFlag {
  readonly columns: 'source' | 'run_qa'
}

export const withColumnsFlag = (command: Command): Command =>
  command.addOption(
    new Option('--columns <which>', 'keep those of the data (source), or write only those of run_qa.py')
      .choices(['source', 'run_qa'])
      .default('source'),
  )

/** The columns to write these examples in. */
export async function layoutOf(
  examples: Examples<SourceExample>,
  { columns }: ColumnsFlag,
): Promise<RowLayout<SourceExample>> {
  if (columns === 'run_qa') return (await import('../data/rows.ts')).runQaLayout()
  return (await import('../data/source-layout.ts')).sourceLayout(examples)
}

/** The files of a source that a user named: the file itself, or what a name on the hub stands for. */
export const filesOf = (source: string, flags: DataCommandFlags, output: Output, split = 'train'): Promise<string[]> =>
  withHubProgress('Downloading', flags, output, (hub) => dataFiles(source, dataChoice(flags, { split, hub })))

/**
 * The files of each source, for a command that writes `outputs` from them.
 * @throws UsageError before anything is downloaded or read where an output may not be written
 */
export async function sourcesFor(
  outputs: readonly string[],
  sources: readonly string[],
  flags: DataCommandFlags,
  output: Output,
): Promise<string[][]> {
  checkOutputs(outputs, { overwrite: flags.overwrite, inputs: sources })
  const files: string[][] = []
  for (const source of sources) files.push(await filesOf(source, flags, output))
  checkOutputs(outputs, { overwrite: flags.overwrite, inputs: files.flat() })
  return files
}
