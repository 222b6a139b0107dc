import type { ScoreIntervals } from '../squad/metrics/score-intervals.ts'
import type { LogEntry } from '../training/checkpoints/state.ts'
import type { RunSummary } from './run-summary.ts'

/** One evaluation, and the training loss since the one before. */
export interface Point {
  readonly epoch: number
  readonly step: number
  /** Mean over the steps since the last evaluation; none where no log entry tells it. */
  readonly train_loss?: number
  readonly eval_loss: number
  readonly exact_match?: number
  readonly f1?: number
  /** Of exact_match and f1. */
  readonly intervals?: ScoreIntervals
}

/** The evaluations of a run in order. A later one at the same step (that of the best model, at the end) is no point. */
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

/** Training log entries: the mean loss of the steps that end with `step`. */
export const trainingLogs = (log: readonly LogEntry[]): { epoch: number; step: number; loss: number }[] =>
  log.filter((entry): entry is LogEntry & { loss: number } => entry.loss !== undefined)

/**
 * Mean training loss of the steps after `from` up to `to`. A log entry is the mean of all steps since the one before;
 * it counts where more than half of its steps lie inside, by those that do. Entries that span several epochs say
 * nothing of one.
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

/** The point that the run holds to be best: by its own metric, or else by the lowest validation loss. */
export function bestPoint(run: Evaluated): Point | undefined {
  const points = evaluations(run.log_history, run.score_intervals)
  return points.find((point) => point.step === run.best?.step) ?? lowestLoss(points)
}

/** As bestPoint, where there were several to choose from. */
export const bestOfSeveral = (run: Evaluated): Point | undefined =>
  evaluations(run.log_history).length > 1 ? bestPoint(run) : undefined

/** The first point of lowest validation loss; NaN is never lowest. */
export const lowestLoss = (points: readonly Point[]): Point | undefined =>
  points.reduce<Point | undefined>(
    (best, point) => (point.eval_loss < (best?.eval_loss ?? Number.POSITIVE_INFINITY) ? point : best),
    undefined,
  )

/** 'epoch 2', or 'step 250 (epoch 1.30)' between epochs. */
export function placeOf({ epoch, step }: { epoch: number; step: number }): string {
  const whole = Math.abs(epoch - Math.round(epoch)) < 5e-3
  return whole ? `epoch ${Math.round(epoch)}` : `step ${step} (epoch ${epoch.toFixed(2)})`
}
