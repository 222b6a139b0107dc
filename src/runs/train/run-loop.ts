import { SpanforgeError } from '../../errors.ts'
import type { Evaluation } from '../../inference/evaluate.ts'
import type { ScoreIntervals } from '../../squad/metrics/bootstrap.ts'
import type { TrainerState } from '../../training/checkpoints/state.ts'
import type { TrainMetrics } from '../../training/loop/events.ts'
import { trainAsPlanned } from '../../training/loop/loop.ts'
import type { PlannedRun } from '../../training/loop/training-run.ts'
import type { Listener } from '../screen/progress-listener.ts'

export type LoopOutcome =
  | { readonly status: 'interrupted'; readonly global_step: number; readonly folder: string }
  | {
      readonly status: 'finished'
      readonly state: TrainerState
      readonly metrics: TrainMetrics
      /** Intervals of each evaluation, by its step. */
      readonly score_intervals: Readonly<Record<string, ScoreIntervals>>
      /** Evaluation of the final weights, if they were evaluated in this session. */
      readonly evaluation?: Evaluation
    }

/** Runs the training loop from its first event to its last; each listener receives every event, in order. */
export async function runLoop(run: PlannedRun, listeners: readonly Listener[]): Promise<LoopOutcome> {
  /** The best and the newest evaluation by step. One of them belongs to the final weights. */
  const evaluations = new Map<number, Evaluation>()
  let state: TrainerState | undefined
  let isBestLoaded = false
  let checkpoint: string | undefined
  try {
    for await (const event of trainAsPlanned(run)) {
      for (const listener of listeners) await listener(event)
      if (event.type === 'start') {
        state = event.state
        checkpoint = run.resume_from
      }
      if (event.type === 'evaluate') {
        for (const step of evaluations.keys()) if (step !== state!.best_global_step) evaluations.delete(step)
        evaluations.set(event.entry.step, event.evaluation)
      }
      if (event.type === 'save') checkpoint = event.folder
      if (event.type === 'best loaded') isBestLoaded = true
      if (event.type === 'interrupted')
        return { status: 'interrupted', global_step: event.global_step, folder: event.folder }
      if (event.type === 'end') {
        const step = isBestLoaded ? state!.best_global_step! : state!.global_step
        const { metrics, score_intervals } = event
        return { status: 'finished', state: state!, metrics, score_intervals, evaluation: evaluations.get(step) }
      }
    }
  } catch (error) {
    throw state ? withLastCheckpoint(error, checkpoint) : error
  }
  throw new Error('training ended without its last event')
}

/** Adds the last good checkpoint to the error of a failed run. */
function withLastCheckpoint(error: unknown, checkpoint: string | undefined): unknown {
  if (!(error instanceof SpanforgeError)) return error
  const remedy = checkpoint ? `The last good checkpoint is ${checkpoint}.` : 'No checkpoint was saved.'
  return new SpanforgeError(error.message, { remedy, exitCode: error.exitCode, cause: error })
}
