import { lowestLoss, type Point } from './history.ts'

/** What happened between an evaluation and the one before it, in words. */
export type Trend =
  | 'initial learning'
  | 'both improve'
  | 'training improves, validation worsens'
  | 'validation improves, training worsens'
  | 'both worsen'
  | 'validation improves'
  | 'validation worsens'
  | 'overfitting'

/** A trend for each point. Overfitting: the validation loss rose twice on end while the training loss kept falling. */
export function trends(points: readonly Point[]): Trend[] {
  return points.map((point, i) => {
    if (i === 0) return 'initial learning'
    const drifts = (at: number) =>
      at > 0 && drift(points[at - 1], points[at]) === 'training improves, validation worsens'
    return drifts(i) && drifts(i - 1) ? 'overfitting' : drift(points[i - 1], point)
  })
}

function drift(before: Point, now: Point): Trend {
  const validation = now.eval_loss < before.eval_loss
  if (before.train_loss === undefined || now.train_loss === undefined)
    return validation ? 'validation improves' : 'validation worsens'
  if (now.train_loss < before.train_loss) return validation ? 'both improve' : 'training improves, validation worsens'
  return validation ? 'validation improves, training worsens' : 'both worsen'
}

export interface Overfitting {
  /** Where the validation loss was lowest. */
  readonly best: Point
  readonly last: Point
  /** Evaluations since the best: 1 is a first sign, more is a pattern. */
  readonly evaluationsSince: number
  /** Scores that still grew while the validation loss rose: 'best' then depends on the metric. */
  readonly stillRising: readonly ('exact_match' | 'f1')[]
}

/**
 * Overfitting, when it happened: since its best evaluation the validation loss has risen while the training loss went
 * on falling. Undefined when it did not, or when no training loss was logged that could show it.
 */
export function overfitting(points: readonly Point[]): Overfitting | undefined {
  const best = lowestLoss(points)
  const last = points.at(-1)
  if (!best || !last || best.train_loss === undefined || last.train_loss === undefined) return undefined
  if (!(last.eval_loss > best.eval_loss && last.train_loss < best.train_loss)) return undefined
  const rises = (score: 'exact_match' | 'f1') => (last[score] ?? 0) > (best[score] ?? Number.POSITIVE_INFINITY)
  return {
    best,
    last,
    evaluationsSince: points.length - 1 - points.indexOf(best),
    stillRising: (['exact_match', 'f1'] as const).filter(rises),
  }
}
