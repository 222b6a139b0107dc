import { dirname } from 'node:path'
import type { FineTuneOptions, RunOutcome } from '../runs/train/fine-tune.ts'
import type { TrainingArguments } from '../training/arguments/arguments.ts'
import { LiveRun, type LiveRunOptions } from './live-run.ts'
import { DEFAULT_PORT } from './server.ts'
import { startDashboardThread } from './server-thread.ts'

export interface WatchOptions extends LiveRunOptions {
  readonly host?: string
  readonly port?: number
}

/** A run that is about to begin, with its dashboard up already. */
export interface WatchedRun {
  /** For `fineTune`. */
  readonly hooks: Pick<FineTuneOptions, 'screen' | 'listeners' | 'control' | 'onPrepared'>
  readonly address: string
  readonly port: number
  /** How the run went; open pages show it. */
  readonly ended: (outcome: RunOutcome) => void
  readonly failed: (error: unknown) => void
  /** The record is written, open pages are told that this was all, and the server is gone. */
  readonly close: () => Promise<void>
}

/** Puts the dashboard of a run up; beside it, the runs in neighbouring folders. */
export async function watchRun(args: TrainingArguments, options: WatchOptions): Promise<WatchedRun> {
  const { host, port = DEFAULT_PORT } = options
  const live = await LiveRun.create(args, options)
  try {
    const dashboard = await startDashboardThread(live, { host, port, folder: dirname(args.output_dir), depth: 1 })
    return {
      hooks: live.hooks,
      address: dashboard.address,
      port: dashboard.port,
      ended: (outcome) => live.ended(outcome),
      failed: (error) => live.failed(error),
      close: async () => {
        await live.close()
        await dashboard.close()
      },
    }
  } catch (error) {
    await live.close()
    throw error
  }
}
