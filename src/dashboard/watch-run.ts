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

/** A run that has not begun yet, with its dashboard already started. */
export interface WatchedRun {
  /** Options for `fineTune`. */
  readonly hooks: Pick<FineTuneOptions, 'screen' | 'listeners' | 'control' | 'onPrepared'>
  readonly address: string
  readonly port: number
  /** Shows the outcome of the run in open pages. */
  readonly ended: (outcome: RunOutcome) => void
  readonly failed: (error: unknown) => void
  /** Writes the remaining records, ends the streams of open pages and closes the server. */
  readonly close: () => Promise<void>
}

/** Starts the dashboard of a run. It also shows the runs in sibling folders. */
export async function watchRun(args: TrainingArguments, options: WatchOptions): Promise<WatchedRun> {
  const { host, port = DEFAULT_PORT } = options
  const live = await LiveRun.open(args, options)
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
