import type { Command } from 'commander'
import type { DownloadProgress, HubOptions } from '../hub/index.ts'
import { type CountingProgressBar, countingProgressBar } from '../runs/screen/progress.ts'
import type { Output } from './output.ts'

export interface OfflineFlag {
  readonly offline?: boolean
}

/** Of every command that looks up names on the hub. */
export const withOfflineFlag = (command: Command): Command =>
  command.option('--offline', 'use the cache alone, no network (as HF_HUB_OFFLINE=1)')

export interface HubFlags extends OfflineFlag {
  readonly revision?: string
  readonly json?: boolean
}

/** The flags of every command that takes the name of a model on the hub. */
export const withHubFlags = (command: Command): Command =>
  withOfflineFlag(command.option('--revision <name>', 'branch, tag or commit of the model on the hub'))

/**
 * The flags of every command that takes the name of a data set where it takes a data file, for `dataChoice`; `split` is
 * the part that the command usually wants.
 */
export const withDataFlags = (command: Command, split: string): Command =>
  command
    .option('--split <name>', 'of a data set by name: which part', split)
    .option('--dataset_config <name>', 'of a data set by name: which configuration, where it has several')
    .option('--dataset_revision <name>', 'of a data set by name: branch, tag or commit')

/** Runs what speaks with the hub, with a bar of the bytes that it moves and its notices. */
export async function withHubProgress<T>(
  label: string,
  flags: OfflineFlag,
  output: Output,
  run: (options: HubOptions) => Promise<T>,
): Promise<T> {
  let bar: { readonly progress: CountingProgressBar; readonly key: string } | undefined
  const stop = () => {
    bar?.progress.stop()
    bar = undefined
  }
  // One bar for each repository's files, gone when they are there: what comes after has bars of its own.
  const onProgress = ({ repository, totalReceived, totalSize }: DownloadProgress) => {
    const key = `${repository} ${totalSize}`
    if (bar && bar.key !== key) stop()
    bar ??= { key, progress: countingProgressBar(`${label} ${repository}`, 'kB', Math.ceil(totalSize / 1000)) }
    bar.progress.update(Math.ceil(totalReceived / 1000))
    if (totalReceived >= totalSize) stop()
  }
  const onNotice = (text: string) => (bar ? bar.progress.note(text) : output.print(text))
  try {
    return await run({ offline: flags.offline, onProgress, onNotice })
  } finally {
    stop()
  }
}
