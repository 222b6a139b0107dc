import type { Command } from 'commander'
import type { DownloadProgress, HubOptions } from '../../hub/http/options.ts'
import { type CountingProgressBar, countingProgressBar } from '../../runs/screen/progress.ts'
import type { Output } from '../terminal/output.ts'

export interface OfflineFlag {
  readonly offline?: boolean
}

/** Adds --offline, shared by all commands that use the hub. */
export const withOfflineFlag = (command: Command): Command =>
  command.option('--offline', 'use only the cache, not the network (like HF_HUB_OFFLINE=1)')

export interface HubFlags extends OfflineFlag {
  readonly revision?: string
  readonly json?: boolean
}

/** Adds the flags of commands that accept the hub name of `what`. */
export const withHubFlags = (command: Command, what = 'model'): Command =>
  withOfflineFlag(command.option('--revision <name>', `branch, tag or commit of the ${what} on the hub`))

/**
 * Adds the flags of commands that accept a dataset name instead of a data file, for `dataChoice`. `split` is the
 * default split.
 */
export const withDataFlags = (command: Command, split: string): Command =>
  command
    .option('--split <name>', 'split of a dataset from the hub', split)
    .option('--dataset_config <name>', 'configuration of a dataset from the hub, if it has several')
    .option('--dataset_revision <name>', 'branch, tag or commit of a dataset from the hub')

/** Runs a function that uses the hub, and shows its progress and notices. */
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
  // Each repository has its own bar, which ends with its last file; later steps show their own bars.
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
