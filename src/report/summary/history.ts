import type { ScoreIntervals } from '../../squad/metrics/bootstrap.ts'
import type { LogEntry } from '../../training/checkpoints/state.ts'
import type { RunSummary } from './run.ts'

/** An evaluation, with the training loss since the previous one. */
export interface Point {
  readonly epoch: number
  readonly step: number
  /** Mean training loss over the steps since the previous evaluation; undefined if the log does not determine it. */
  readonly train_loss?: number
  readonly eval_loss: number
  readonly exact_match?: number
  readonly f1?: number
  /** 95 % intervals of exact_match and f1. */
  readonly intervals?: ScoreIntervals
}

/** The evaluations of a run in order, without repeated ones, such as the final evaluation of the best model. */
export function evaluations(log: readonly LogEntry[], intervals: RunSummary['score_intervals'] = {}): Point[] {
  const points: Point[] = []
  for (const entry of log) {
    const before = points.at(-1)?.step ?? 0
    if (entry.eval_loss === undefined || (points.length > 0 && entry.step <= before)) continue
    points.push({
      epoch: entry.epoch,
      step: entry.step,
      train_loss: entry.train_loss ?? meanLoss(log, before, entry.step),
      eval_loss: entry.eval_loss,
      exact_match: entry.eval_exact_match,
      f1: entry.eval_f1,
      ...(intervals[entry.step] && { intervals: intervals[entry.step] }),
    })
  }
  return points
}

/** Log entries with a training loss, which is the mean over the steps since the previous entry. */
export const trainingLogs = (log: readonly LogEntry[]): { epoch: number; step: number; loss: number }[] =>
  log.filter((entry): entry is LogEntry & { loss: number } => entry.loss !== undefined)

/**
 * Mean training loss of the steps after `from` up to `to`. A log entry is a mean over the steps since the previous
 * entry. It is used only if more than half of these steps are in the range, weighted by the steps in the range.
 * Entries that span several epochs are therefore not attributed to any one of them.
 */
function meanLoss(log: readonly LogEntry[], from: number, to: number): number | undefined {
  let [sum, steps, before] = [0, 0, 0]
  for (const { step, loss } of trainingLogs(log)) {
    const inside = Math.min(step, to) - Math.max(before, from)
    if (inside * 2 > step - before) {
      sum += loss * inside
      steps += inside
    }
    before = step
  }
  return steps ? sum / steps : undefined
}

type Evaluated = Pick<RunSummary, 'best' | 'log_history' | 'score_intervals'>

/** The best evaluation of the run: by the run's own metric if it has one, otherwise by validation loss. */
export function bestPoint(run: Evaluated): Point | undefined {
  const points = evaluations(run.log_history, run.score_intervals)
  return points.find((point) => point.step === run.best?.step) ?? lowestLoss(points)
}

/** The best evaluation, if there were at least two. */
export const bestOfSeveral = (run: Evaluated): Point | undefined =>
  evaluations(run.log_history).length > 1 ? bestPoint(run) : undefined

/** The first point with the lowest validation loss. NaN is ignored. */
export const lowestLoss = (points: readonly Point[]): Point | undefined =>
  points.reduce<Point | undefined>(
    (best, point) => (point.eval_loss < (best?.eval_loss ?? Number.POSITIVE_INFINITY) ? point : best),
    undefined,
  )

/** Describes a position in the run: 'epoch 2', or 'step 250 (epoch 1.30)' within an epoch. */
export function placeOf({ epoch, step }: { epoch: number; step: number }): string {
  const whole = Math.abs(epoch - Math.round(epoch)) < 5e-3
  return whole ? `epoch ${Math.round(epoch)}` : `step ${step} (epoch ${epoch.toFixed(2)})`
}
