/** The dimensions by which questions are grouped. If a question has several labeled answers, the first one counts. */
import { answerKind, answerKinds } from './answer-kind.ts'
import type { GoldAnswer } from './error-class.ts'

export const dimensions = [
  'question_word',
  'answer_kind',
  'answer_words',
  'context_words',
  'windows',
  'answer_position',
] as const

export type Dimension = (typeof dimensions)[number]

export const dimensionTexts: Readonly<Record<Dimension, { readonly title: string; readonly note: string }>> = {
  question_word: { title: 'Question word', note: 'The first question word in the question.' },
  answer_kind: { title: 'Kind of answer', note: 'Derived from the text of the first labeled answer by simple rules.' },
  answer_words: {
    title: 'Length of the answer',
    note: 'Number of words in the first labeled answer, split at whitespace.',
  },
  context_words: { title: 'Length of the context', note: 'Number of words, split at whitespace.' },
  windows: { title: 'Number of windows', note: 'Number of windows that the context was split into.' },
  answer_position: {
    title: 'Position of the answer',
    note: 'Start of the first labeled answer, as a share of the characters of the context.',
  },
}

const NO_ANSWER = 'no answer'

const ranges = {
  answer_words: [1, 2, 3, 4, 6, 11, 21],
  context_words: [0, 50, 100, 150, 200, 300, 500],
  windows: [1, 2, 3, 5, 9],
}

/** The properties of a question that determine its groups. */
export interface GroupedQuestion {
  readonly question: string
  readonly context: string
  readonly answers: readonly GoldAnswer[]
  /** Number of windows. */
  readonly windows: number
}

/** The label of the question's group in each dimension. */
export function groupsOf({ question, context, answers, windows }: GroupedQuestion): Record<Dimension, string> {
  const [answer] = answers
  const kind = answerKind(answer?.text ?? '')
  return {
    question_word: questionWord(question),
    answer_kind: kind === 'none' ? NO_ANSWER : kind,
    answer_words: answer ? rangeLabel(ranges.answer_words, countWords(answer.text)) : NO_ANSWER,
    context_words: rangeLabel(ranges.context_words, countWords(context)),
    windows: rangeLabel(ranges.windows, windows),
    answer_position: answer ? positionLabel(answer.start / context.length) : NO_ANSWER,
  }
}

/** Labels of a dimension in their natural order; undefined if its groups are best sorted by size. */
export function labelOrder(dimension: Dimension): readonly string[] | undefined {
  switch (dimension) {
    case 'question_word':
    case 'answer_kind':
      return undefined
    case 'answer_position':
      return [...[0, 0.2, 0.4, 0.6, 0.8].map(positionLabel), NO_ANSWER]
    default:
      return [...ranges[dimension].map((from) => rangeLabel(ranges[dimension], from)), NO_ANSWER]
  }
}

/** Whether a label means "everything else". Such a group is listed last, regardless of its size. */
export const isCatchAll = (label: string): boolean =>
  label === questionWords[questionWords.length - 1] ||
  label === answerKinds[answerKinds.length - 1] ||
  label === NO_ANSWER

const countWords = (text: string): number => text.split(/\s+/).filter(Boolean).length

/** The label of a value's range: '4 to 5' if ranges start at 4 and 6. The last range is open: '21 or more'. */
function rangeLabel(starts: readonly number[], value: number): string {
  const index = Math.max(
    0,
    starts.findLastIndex((start) => start <= value),
  )
  const [from, next] = [starts[index], starts[index + 1]]
  if (next === undefined) return `${from} or more`
  return next === from + 1 ? String(from) : `${from} to ${next - 1}`
}

function positionLabel(share: number): string {
  const from = 20 * Math.min(4, Math.max(0, Math.floor(share * 5)))
  return `${from} to ${from + 20} %`
}

/** Question words. The first one in a question counts, wherever it is: "In what year ..." counts as "what". */
export const questionWords = [
  'who',
  'what',
  'when',
  'where',
  'which',
  'why',
  'how many',
  'how much',
  'how',
  'other',
] as const

export type QuestionWord = (typeof questionWords)[number]

const QUESTION_WORD = /\b(who|what|when|where|which|why|how +many|how +much|how)(?:m|se)?\b/i

/** Finds the English question word. "whom" and "whose" count as "who", and a question without any as "other". */
export function questionWord(question: string): QuestionWord {
  const word = QUESTION_WORD.exec(question)?.[1].toLowerCase().replace(/ +/, ' ')
  return (word as QuestionWord | undefined) ?? 'other'
}
