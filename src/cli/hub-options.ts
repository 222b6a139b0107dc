import type { Command } from 'commander'
import type { HubOptions, Progress } from '../hub/index.ts'
import type { Output } from './output.ts'
import { type CountingProgress, countingProgress } from './progress.ts'

export interface HubFlags {
  readonly revision?: string
  readonly offline?: boolean
  readonly json?: boolean
}

/** The flags of every command that takes a name on the hub. */
export const withHubFlags = (command: Command): Command =>
  command
    .option('--revision <name>', 'branch, tag or commit on the hub')
    .option('--offline', 'use the cache alone, no network (as HF_HUB_OFFLINE=1)')

/** Runs what speaks with the hub, with a bar of the bytes that it moves and its notices. */
export async function withHubProgress<T>(
  label: string,
  flags: HubFlags,
  output: Output,
  run: (options: HubOptions) => Promise<T>,
): Promise<T> {
  let bar: CountingProgress | undefined
  const onProgress = ({ totalReceived, totalSize }: Progress) => {
    bar ??= countingProgress(label, 'kB', Math.ceil(totalSize / 1000))
    bar.update(Math.ceil(totalReceived / 1000))
  }
  const onNotice = (text: string) => (bar ? bar.note(text) : output.print(text))
  try {
    return await run({ offline: flags.offline, onProgress, onNotice })
  } finally {
    bar?.stop()
  }
}
