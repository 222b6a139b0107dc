import { type Command, Option } from 'commander'
import type { Examples, RowLayout } from '../../data/formats/rows.ts'
import type { SourceExample } from '../../data/read-examples.ts'
import { checkOutputs } from '../../files/output.ts'
import { type DataOptions, dataChoice, dataFiles } from '../../runs/load/load-data.ts'
import type { Output } from '../terminal/output.ts'
import { type OfflineFlag, withDataFlags, withHubProgress, withOfflineFlag } from './hub.ts'
import { type OverwriteFlag, withOverwriteFlag } from './outputs.ts'

/** Flags shared by the `data` commands. */
export interface DataCommandFlags extends DataOptions, OfflineFlag, OverwriteFlag {
  readonly json?: boolean
}

/** Help text of the input argument. */
export const DATA_ARGUMENT = 'data file in any format, or dataset name (squad, owner/name)'

export const withDataCommandFlags = (command: Command): Command =>
  withOverwriteFlag(withOfflineFlag(withDataFlags(command, 'train'))).option('--json', 'print the result as JSON')

/** Flag of commands that copy questions. */
export interface ColumnsFlag {
  readonly columns: 'source' | 'run_qa'
}

export const withColumnsFlag = (command: Command): Command =>
  command.addOption(
    new Option('--columns <name>', 'source keeps the columns of the source, run_qa writes only those of run_qa.py')
      .choices(['source', 'run_qa'])
      .default('source'),
  )

/** The columns in which to write the examples, or a part of them with `isPart`. */
export async function layoutOf(
  examples: Examples<SourceExample>,
  { columns }: ColumnsFlag,
  options: { readonly isPart?: boolean } = {},
): Promise<RowLayout<SourceExample>> {
  if (columns === 'run_qa') return (await import('../../data/formats/rows.ts')).runQaLayout()
  return (await import('../../data/source-layout.ts')).sourceLayout(examples, options)
}

/** Resolves a file or dataset name to its files. */
export const filesOf = (source: string, flags: DataCommandFlags, output: Output, split = 'train'): Promise<string[]> =>
  withHubProgress('Downloading', flags, output, (hub) => dataFiles(source, dataChoice(flags, { split, hub })))

/**
 * Resolves each source to its files, for a command that writes `outputs`.
 * @throws UsageError if an output cannot be written, before anything is downloaded or read
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
