/** Assigns each question to exactly one error class by the first matching rule. */
import { f1 } from '../squad/metrics/metrics.ts'
import type { TextSpan } from '../squad/types.ts'
import { answerKind } from './answer-kind.ts'
import { isSameInOtherSpelling } from './spelling-forms.ts'

export const errorClasses = [
  'correct',
  'same_text_elsewhere',
  'answered_without_answer',
  'label_doubtful',
  'cut_by_window',
  'silent_with_answer',
  'too_wide',
  'too_narrow',
  'overlapping',
  'same_sentence',
  'right_kind_elsewhere',
  'wrong_sentence',
] as const

export type ErrorClass = (typeof errorClasses)[number]

/** A question with everything that the rules depend on. */
export interface ErrorEvidence {
  readonly context: string
  /** Start of each sentence of the context, from `sentenceStarts`. */
  readonly sentences: readonly number[]
  readonly answers: readonly GoldAnswer[]
  /** The part of the context in each window. */
  readonly windows: readonly TextSpan[]
  /** The predicted span; `start` = `end` means the answer "". */
  readonly prediction: TextSpan
  readonly exact_match: boolean
}

/**
 * Classifies a question. Rules about positions only consider labeled answers that are found at their position. The
 * rules, in order:
 *
 * 1. answered_without_answer: there is no labeled answer, and the prediction is wrong.
 * 2. same_text_elsewhere: the prediction is an exact match, but overlaps no labeled answer.
 * 3. correct: the prediction is an exact match.
 * 4. label_doubtful: no labeled answer is found at its position; or the prediction is a labeled answer in a different
 *    spelling; or there are several labeled answers and no two of them share a word.
 * 5. cut_by_window: no window contains an entire labeled answer.
 * 6. silent_with_answer: the prediction is "".
 * 7. too_wide, too_narrow, overlapping: the prediction contains the labeled answer with the greatest overlap, is
 *    inside it, or neither.
 * 8. same_sentence: the prediction starts in the same sentence as a labeled answer.
 * 9. right_kind_elsewhere: the prediction is a date, number or name, like a labeled answer.
 * 10. wrong_sentence: anything else.
 */
export function errorClass(question: ErrorEvidence): ErrorClass {
  const { context, sentences, answers, windows, prediction, exact_match } = question
  if (answers.length === 0) return exact_match ? 'correct' : 'answered_without_answer'
  const places = answers.filter((answer) => isAtItsPosition(context, answer)).map(stretchOf)
  if (exact_match) {
    const apart =
      prediction.end > prediction.start && places.length > 0 && !places.some((gold) => meet(gold, prediction))
    return apart ? 'same_text_elsewhere' : 'correct'
  }
  const text = context.slice(prediction.start, prediction.end)
  if (places.length === 0 || answers.some((answer) => isSameInOtherSpelling(answer.text, text)) || disagree(answers))
    return 'label_doubtful'
  if (!places.some((gold) => windows.some((window) => contains(window, gold)))) return 'cut_by_window'
  if (text === '') return 'silent_with_answer'
  const met = places.filter((gold) => meet(gold, prediction))
  if (met.length > 0) return boundaryClass(prediction, mostShared(met, prediction))
  const sentence = sentenceAt(sentences, prediction.start)
  if (places.some(({ start }) => sentenceAt(sentences, start) === sentence)) return 'same_sentence'
  const kind = answerKind(text)
  if (kind !== 'phrase' && answers.some((answer) => answerKind(answer.text) === kind)) return 'right_kind_elsewhere'
  return 'wrong_sentence'
}

const isAtItsPosition = (context: string, { text, start }: GoldAnswer): boolean =>
  text !== '' && context.startsWith(text, start)

const stretchOf = ({ text, start }: GoldAnswer): TextSpan => ({ start, end: start + text.length })

const shared = (a: TextSpan, b: TextSpan): number => Math.min(a.end, b.end) - Math.max(a.start, b.start)

const meet = (a: TextSpan, b: TextSpan): boolean => shared(a, b) > 0

const contains = (outer: TextSpan, inner: TextSpan): boolean => outer.start <= inner.start && inner.end <= outer.end

/** Whether no two of several labeled answers share a word, which means an unclear question or a wrong label. */
function disagree(answers: readonly GoldAnswer[]): boolean {
  if (answers.length < 2) return false
  return answers.every((a, i) => answers.slice(i + 1).every((b) => f1(a.text, b.text) === 0))
}

/** The labeled answer with the greatest overlap: shared characters divided by all characters of both. */
function mostShared(places: readonly TextSpan[], prediction: TextSpan): TextSpan {
  const overlap = (gold: TextSpan) => {
    const both = shared(gold, prediction)
    return both / (gold.end - gold.start + prediction.end - prediction.start - both)
  }
  return places.reduce((best, gold) => (overlap(gold) > overlap(best) ? gold : best))
}

function boundaryClass(prediction: TextSpan, gold: TextSpan): ErrorClass {
  if (contains(prediction, gold)) return 'too_wide'
  return contains(gold, prediction) ? 'too_narrow' : 'overlapping'
}

/** A labeled answer. */
export interface GoldAnswer {
  readonly text: string
  readonly start: number
}

/** A title, an initial or an abbreviation, whose full stop does not end a sentence: "Dr. ", "J. ", "U.S. ". */
const ABBREVIATION =
  /(?:^|[\s(])(?:Mr|Mrs|Ms|Dr|St|Prof|Gen|Col|Sgt|Rev|vs|No|Jr|Sr|ca|c|approx|(?:\p{L}\.)*\p{L})\.\s*$/u

/** The UTF-16 index of the start of each sentence, in ascending order, by the rules of Unicode (UAX #29). */
export function sentenceStarts(text: string): number[] {
  const starts: number[] = []
  let isOpen = false
  for (const { index, segment } of segmenter.segment(text)) {
    if (!isOpen) starts.push(index)
    isOpen = ABBREVIATION.test(segment)
  }
  return starts
}

/** The index of the sentence that contains the character at `place`. */
export function sentenceAt(starts: readonly number[], place: number): number {
  let sentence = 0
  while (sentence + 1 < starts.length && starts[sentence + 1] <= place) sentence++
  return sentence
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })
