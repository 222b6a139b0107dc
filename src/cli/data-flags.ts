import type { Command } from 'commander'
import { type DataOptions, dataChoice, dataFiles } from '../runs/load-data.ts'
import { type OfflineFlag, withDataFlags, withHubProgress, withOfflineFlag } from './hub-options.ts'
import type { Output } from './output.ts'

/** What the commands under `data` share that work on files, or on data sets by name. */
export interface DataCommandFlags extends DataOptions, OfflineFlag {
  readonly json?: boolean
}

/** What such a command says of its argument. */
export const DATA_ARGUMENT = 'data file of any format, or name of a data set (squad, owner/name)'

export const withDataCommandFlags = (command: Command): Command =>
  withOfflineFlag(withDataFlags(command, 'train')).option('--json', 'print one JSON document')

/** The files of a source that a user named: the file itself, or what a name on the hub stands for. */
export const filesOf = (source: string, flags: DataCommandFlags, output: Output, split = 'train'): Promise<string[]> =>
  withHubProgress('Downloading', flags, output, (hub) => dataFiles(source, dataChoice(flags, { split, hub })))
