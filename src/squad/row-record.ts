import { DataProblem } from './data-problem.ts'
import type { JsonPart } from './json-text.ts'
import type { AnswerParts, QuestionRecord } from './read-question.ts'

/** What a row that is none is told. */
export const ROW_LAYOUT =
  'Expected question, context and answer; or the columns of run_qa.py: id, question, context and answers, ' +
  '{"text": ["..."], "answer_start": [0]}.'

/** A question that has its context beside it, not around it. */
export const isRow = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'context' in value && !('paragraphs' in value)

/**
 * A row with run_qa.py's columns, whose answers are two lists, `text` and `answer_start`, or one list of pairs; or, as
 * people write tables, with one `answer`, whose `answer_start` may be left out, and so may the row's `id`.
 */
export function rowRecord(row: JsonPart, place: string): QuestionRecord {
  const isPlain = row.field('answers').value === undefined && row.field('answer').value !== undefined
  const id = row.field('id')
  return {
    place,
    id: isPlain && id.value === undefined ? undefined : id,
    title: row.field('title'),
    question: row.field('question'),
    context: row.field('context'),
    answers() {
      if (row.field('is_impossible').value === true) return []
      if (isPlain) return plain(row.field('answer'), row.field('answer_start'))
      const answers = row.field('answers')
      return Array.isArray(answers.value) ? answers.items().map(parts) : pairs(answers, place)
    },
  }
}

/** An empty answer is none. */
const plain = (text: JsonPart, answer_start: JsonPart): AnswerParts[] =>
  text.value === null || text.value === ''
    ? []
    : [{ text, answer_start: answer_start.value == null ? undefined : answer_start }]

const parts = (answer: JsonPart): AnswerParts => ({
  text: answer.field('text'),
  answer_start: answer.field('answer_start'),
})

function pairs(answers: JsonPart, place: string): AnswerParts[] {
  const texts = answers.field('text').items()
  const starts = answers.field('answer_start').items()
  if (texts.length === starts.length) return texts.map((text, i) => ({ text, answer_start: starts[i] }))
  const finding = `answers has ${texts.length} text and ${starts.length} answer_start; expected as many of each`
  throw new DataProblem('layout', place, finding, { remedy: ROW_LAYOUT })
}
