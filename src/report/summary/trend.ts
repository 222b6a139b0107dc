import { lowestLoss, type Point } from './history.ts'

/** The change between two consecutive evaluations, in words. */
export type Trend =
  | 'initial learning'
  | 'both improve'
  | 'training improves, validation worsens'
  | 'validation improves, training worsens'
  | 'both worsen'
  | 'validation improves'
  | 'validation worsens'
  | 'overfitting'

/** The trend of each point. If the validation loss rises twice in a row while the training loss falls, it overfits. */
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
  /** The evaluation with the lowest validation loss. */
  readonly best: Point
  readonly last: Point
  /** Number of evaluations since the best one: 1 is a first sign, more is a pattern. */
  readonly evaluationsSince: number
  /** Scores that still rose while the validation loss rose, so that the best epoch depends on the metric. */
  readonly stillRising: readonly ('exact_match' | 'f1')[]
}

/**
 * Detects overfitting: since the best evaluation, the validation loss has risen while the training loss has fallen.
 * Returns undefined if there is none, or if the training loss was not logged.
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

/** Minimum number of validation questions for a judgment on overfitting or the class of a loss. */
const MIN_QUESTIONS = 100

/** Explains that there are too few validation questions for a judgment. Undefined if there are enough. */
export function tooFewQuestions(questions: number | undefined): string | undefined {
  if (questions === undefined || questions >= MIN_QUESTIONS) return undefined
  const number = questions === 1 ? 'is only 1 validation question' : `are only ${questions} validation questions`
  return `There ${number}; at least ${MIN_QUESTIONS} are required.`
}
