import type { AnswerResult, PredictedAnswer } from '../../../src/server/contract.ts'

/** The answer that counts; undefined for none, with the best answer in the text all the same. */
export interface Verdict {
  readonly answer?: PredictedAnswer
  /** The best answer with text, where there is one. */
  readonly best?: PredictedAnswer
  /** The confidence of `answer`, or of there being none; null where the model has none. */
  readonly sure: number | null
}

/** Where all the best answers are wordings of one place, so many of them are shown all the same. */
const LEAST_SHOWN = 3

/**
 * The best answers of different places, at most `most`, and "" where the model may say it. Where these are few, other
 * wordings of the same places too.
 */
export function shownAnswers(answers: readonly PredictedAnswer[], most: number): PredictedAnswer[] {
  const kept: PredictedAnswer[] = []
  for (const one of answers) if (kept.length < most && kept.every((better) => !overlap(one, better))) kept.push(one)
  const others = answers.filter((one) => !kept.includes(one)).slice(0, Math.max(0, LEAST_SHOWN - kept.length))
  return answers.filter((one) => kept.includes(one) || others.includes(one))
}

const overlap = (one: PredictedAnswer, other: PredictedAnswer): boolean =>
  one.answer !== '' && other.answer !== '' && one.start < other.end && other.start < one.end

/** An answer that may be chosen as the right one, and where the page lists it. */
export interface Choice {
  readonly model: string
  /** Place among the answers of the model that are shown. */
  readonly index: number
  readonly answer: PredictedAnswer
}

/** The answers that are shown of each model, every place of the text once, without the one that is known to be wrong. */
export function choicesOf(
  readings: readonly { readonly model: string; readonly answers: readonly PredictedAnswer[] }[],
  most: number,
  wrong?: PredictedAnswer,
): Choice[] {
  const seen = new Set(['', ...(wrong ? [placeOf(wrong)] : [])])
  return readings.flatMap(({ model, answers }) =>
    shownAnswers(answers, most).flatMap((answer, index) => {
      const place = answer.answer === '' ? '' : placeOf(answer)
      if (seen.has(place)) return []
      seen.add(place)
      return [{ model, index, answer }]
    }),
  )
}

const placeOf = ({ start, end }: PredictedAnswer): string => `${start} ${end}`

/** No answer counts where the model itself says so, or where its best one has a confidence below `threshold`. */
export function verdictOf({ answers, no_answer }: AnswerResult, threshold: number): Verdict {
  const best = answers.find(({ answer }) => answer !== '')
  const [first] = answers
  if (first && first === best && (best.confidence ?? 1) >= threshold)
    return { answer: best, best, sure: best.confidence }
  return { best, sure: no_answer.confidence }
}
