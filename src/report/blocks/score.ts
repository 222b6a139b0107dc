import type { Interval } from '../../squad/metrics/bootstrap.ts'
import { decimal } from '../render/format.ts'

/** Formats a score in percent with its 95 % interval, if known: '44.20 (40.00 to 48.60)'. */
export const scoreText = (score: number | undefined, interval: Interval | undefined): string =>
  withInterval(decimal(score), interval)

/** Formats a score like `scoreText`, but with its unit: '44.20 % (40.00 to 48.60)'. */
export const percentScore = (score: number, interval: Interval | undefined): string =>
  withInterval(`${decimal(score)} %`, interval)

const withInterval = (text: string, interval: Interval | undefined): string =>
  interval ? `${text} (${interval.map((bound) => decimal(bound)).join(' to ')})` : text

/** Minimum number of validation questions for a judgment on overfitting or the class of a loss. */
const MIN_QUESTIONS = 100

/** Explains that there are too few validation questions for a judgment. Undefined if there are enough. */
export function tooFewQuestions(questions: number | undefined): string | undefined {
  if (questions === undefined || questions >= MIN_QUESTIONS) return undefined
  const number = questions === 1 ? 'is only 1 validation question' : `are only ${questions} validation questions`
  return `There ${number}; at least ${MIN_QUESTIONS} are required.`
}
