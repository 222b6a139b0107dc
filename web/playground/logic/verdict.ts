import type { AnswerResult, PredictedAnswer } from '../../../src/server/http/contract.ts'

/** The answer to show, which depends on the threshold. */
export interface Verdict {
  readonly answer?: PredictedAnswer
  /** The best non-empty answer, if any. */
  readonly best?: PredictedAnswer
  /** Confidence of `answer`, or that there is no answer. Null if the model has no confidence. */
  readonly sure: number | null
}

/** Minimum number of answers to show, even if they overlap. */
const MIN_SHOWN = 3

/**
 * The best answers that do not overlap, at most `max`, including "". If there are too few, overlapping answers are
 * included too.
 */
export function shownAnswers(answers: readonly PredictedAnswer[], max: number): PredictedAnswer[] {
  const kept: PredictedAnswer[] = []
  for (const one of answers) if (kept.length < max && kept.every((better) => !overlap(one, better))) kept.push(one)
  const others = answers.filter((one) => !kept.includes(one)).slice(0, Math.max(0, MIN_SHOWN - kept.length))
  return answers.filter((one) => kept.includes(one) || others.includes(one))
}

const overlap = (one: PredictedAnswer, other: PredictedAnswer): boolean =>
  one.answer !== '' && other.answer !== '' && one.start < other.end && other.start < one.end

/** An answer that can be chosen as the correct one. */
export interface Choice {
  readonly model: string
  /** Index among the shown answers of the model. */
  readonly index: number
  readonly answer: PredictedAnswer
}

/** The shown answers of all models without duplicates and without the one known to be wrong. */
export function choicesOf(
  readings: readonly { readonly model: string; readonly answers: readonly PredictedAnswer[] }[],
  max: number,
  wrong?: PredictedAnswer,
): Choice[] {
  const seen = new Set(['', ...(wrong ? [placeOf(wrong)] : [])])
  return readings.flatMap(({ model, answers }) =>
    shownAnswers(answers, max).flatMap((answer, index) => {
      const place = answer.answer === '' ? '' : placeOf(answer)
      if (seen.has(place)) return []
      seen.add(place)
      return [{ model, index, answer }]
    }),
  )
}

const placeOf = ({ start, end }: PredictedAnswer): string => `${start} ${end}`

/** The best answer, unless the model predicts "no answer" or its confidence is below `threshold`. */
export function verdictOf({ answers, no_answer }: AnswerResult, threshold: number): Verdict {
  const best = answers.find(({ answer }) => answer !== '')
  const [first] = answers
  if (first && first === best && (best.confidence ?? 1) >= threshold)
    return { answer: best, best, sure: best.confidence }
  return { best, sure: no_answer.confidence }
}
