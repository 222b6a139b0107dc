/** Filters the list of questions. A filter maps the names of the form's fields to their values. */
import { type Dimension, dimensions } from '../dimensions.ts'
import type { Analysis, AnalyzedQuestion } from '../types.ts'

/** Values by field, without empty fields. An empty filter matches all questions. */
export type Filter = Readonly<Partial<Record<FilterField, string>>>

/** Names of the fields. `from` and `to` limit the confidence in percent. */
export const filterFields = ['text', 'result', 'class', ...dimensions, 'from', 'to', 'sort'] as const
export type FilterField = (typeof filterFields)[number]

/** Encodes a filter for the address: 'result=wrong&question_word=how+many'. Empty and unknown fields are left out. */
export function toHash(filter: Filter): string {
  const fields = filterFields.flatMap((field) => (filter[field] ? [[field, filter[field]]] : []))
  return new URLSearchParams(fields).toString()
}

export function fromHash(hash: string): Filter {
  const params = new URLSearchParams(hash.replace(/^#/, ''))
  return Object.fromEntries(filterFields.flatMap((field) => (params.get(field) ? [[field, params.get(field)]] : [])))
}

/** Finds and sorts questions. The searchable texts are prepared once. */
export class QuestionFinder {
  private readonly texts: string[]

  constructor(readonly analysis: Pick<Analysis, 'questions' | 'contexts'>) {
    const contexts = analysis.contexts.map(({ title = '', text }) => `${title}\n${text}`.toLowerCase())
    this.texts = analysis.questions.map(({ id, question, answers, context }) =>
      [id, question, ...answers.map(({ text }) => text)].join('\n').toLowerCase().concat('\n', contexts[context]),
    )
  }

  /** Indices of the questions that match all fields, in the requested order. */
  find(filter: Filter): number[] {
    const { questions } = this.analysis
    const words = (filter.text ?? '').toLowerCase().split(/\s+/).filter(Boolean)
    const found = questions.flatMap((question, i) =>
      satisfies(question, filter) && words.every((word) => this.texts[i].includes(word)) ? [i] : [],
    )
    const order = orders[filter.sort as keyof typeof orders]
    return order ? found.sort((a, b) => order(questions[a], questions[b]) || a - b) : found
  }
}

const orders = {
  surest: (a: AnalyzedQuestion, b: AnalyzedQuestion) => b.confidence - a.confidence,
  unsurest: (a: AnalyzedQuestion, b: AnalyzedQuestion) => a.confidence - b.confidence,
  worst: (a: AnalyzedQuestion, b: AnalyzedQuestion) => a.f1 - b.f1,
}

function satisfies(question: AnalyzedQuestion, filter: Filter): boolean {
  const { from, to, result } = filter
  const percent = 100 * question.confidence
  if (result === 'right' && question.exact_match !== 1) return false
  if (result === 'wrong' && question.exact_match === 1) return false
  if (filter.class && question.class !== filter.class) return false
  if ((from && percent < Number(from)) || (to && percent > Number(to))) return false
  return dimensions.every(
    (dimension: Dimension) => !filter[dimension] || question.groups[dimension] === filter[dimension],
  )
}
