import type { Interval } from '../squad/metrics/score-intervals.ts'
import { decimal } from './format.ts'

/** A score in percent with its 95 % interval, if that is known: '44.20 (40.00 to 48.60)'. */
export const scoreText = (score: number | undefined, interval: Interval | undefined): string =>
  withInterval(decimal(score), interval)

/** As `scoreText`, with the unit: '44.20 % (40.00 to 48.60)'. */
export const percentScore = (score: number, interval: Interval | undefined): string =>
  withInterval(`${decimal(score)} %`, interval)

const withInterval = (text: string, interval: Interval | undefined): string =>
  interval ? `${text} (${interval.map((bound) => decimal(bound)).join(' to ')})` : text

/** With fewer validation questions, neither overfitting nor the class of a loss can be judged. */
const FEWEST_QUESTIONS = 100

/** Why a run is not judged: how few validation questions it has. Undefined where there are enough. */
export function tooFewQuestions(questions: number | undefined): string | undefined {
  if (questions === undefined || questions >= FEWEST_QUESTIONS) return undefined
  const number = questions === 1 ? 'is only 1 validation question' : `are only ${questions} validation questions`
  return `There ${number}; at least ${FEWEST_QUESTIONS} are needed.`
}
