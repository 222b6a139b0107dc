import type { ExampleAnswers } from '../squad/answers/answers.ts'
import { exactMatch, f1 } from '../squad/metrics/metrics.ts'
import type { Example } from '../squad/types.ts'
import type { Prediction, WatchedQuestion } from './records.ts'

const COUNT = 8
/** Maximum characters of a context that fits on a screen. */
const SHORT = 900

/**
 * Chooses a few questions to watch and returns their indices. The choice is deterministic and spread over the data; it
 * prefers short contexts, different contexts and different question words.
 */
export function chooseQuestions(examples: readonly Example[], count = COUNT): number[] {
  const every = Math.max(1, Math.floor(examples.length / (count * 16)))
  const spread = examples.map((_, i) => i).filter((i) => i % every === 0)
  const chosen: number[] = []
  const wishes = [
    (i: number) => isShort(examples[i]) && isNew(i, firstWord) && isNew(i, contextOf),
    (i: number) => isShort(examples[i]) && isNew(i, contextOf),
    (i: number) => isNew(i, contextOf),
    () => true,
  ]
  const isNew = (i: number, by: (example: Example) => string) =>
    chosen.every((other) => by(examples[other]) !== by(examples[i]))
  for (const wish of wishes)
    for (const i of spread) if (chosen.length < count && !chosen.includes(i) && wish(i)) chosen.push(i)
  return chosen.sort((a, b) => a - b)
}

const firstWord = ({ question }: Example): string => question.trim().split(/\s/, 1)[0].toLowerCase()
const contextOf = ({ context }: Example): string => context
const isShort = ({ context }: Example): boolean => context.length <= SHORT

export const asWatched = ({ id, question, context, answers }: Example): WatchedQuestion => ({
  id,
  question,
  context,
  answers: answers.map(({ text, answer_start }) => ({ text, answer_start })),
})

/** The predicted answer of an evaluation with its scores. */
export function predictionOf({ id, answers }: Example, { candidates: [best] }: ExampleAnswers): Prediction {
  const { answer, start, end, score } = best
  const bestOf = (measure: (prediction: string, gold: string) => number) =>
    answers.length === 0 ? Number(answer === '') : Math.max(...answers.map(({ text }) => measure(answer, text)))
  return { id, start, end, score, exact_match: bestOf(exactMatch), f1: bestOf(f1) }
}
