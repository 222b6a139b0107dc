import { showList, showValue } from '../../show-value.ts'
import { type Columns, EXPECTED_COLUMNS, type Field, findColumns } from './columns.ts'
import { DataProblem, type Report } from './data-problem.ts'
import type { JsonPart } from './json-text.ts'
import { isPythonNotation, parsePython } from './python-literal.ts'
import type { AnswerParts, QuestionRecord } from './read-question.ts'

/** The expected fields of a row, for remedies. */
export const ROW_LAYOUT = EXPECTED_COLUMNS

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether a value is a row, which contains both question and context, instead of a paragraph or article. */
export function isRow(value: unknown): boolean {
  if (!isObject(value) || 'paragraphs' in value || 'qas' in value) return false
  const { question, context, answers, answer } = findColumns(Object.keys(value))
  return context !== undefined || (question !== undefined && (answers !== undefined || answer !== undefined))
}

export interface RowOptions {
  readonly place: string
  /** Column names of the fields (default: detected from the row). */
  readonly columns?: Columns
  /** Columns that may be missing. */
  readonly mayLack?: readonly string[]
  /** Called for answers that are not JSON but can be converted. */
  readonly report: Report
}

/**
 * Interprets a row. It has either the columns of run_qa.py, where answers are two lists (`text` and `answer_start`) or
 * one list of pairs or texts, or a single `answer`. `id` and `answer_start` may be missing.
 */
export function rowRecord(row: JsonPart, { place, report, mayLack = [], ...options }: RowOptions): QuestionRecord {
  if (isNamelessRow(row.value)) throw namelessRow(place)
  if (!isObject(row.value)) throw row.unexpected('an object {...}')
  const names = Object.keys(row.value)
  const columns = withAnswers(options.columns ?? findColumns(names), row)
  const field = (name: Field) => row.field(columns[name] ?? name)
  for (const name of ['question', 'context'] as const)
    if (columns[name] === undefined && !mayLack.includes(name)) throw missing(name, names, row, place)
  const answers = flattened(row) ?? field('answers')
  const answer = plainText(answers) ?? (isEmpty(answers) && columns.answer !== undefined ? field('answer') : undefined)
  return {
    place,
    id: field('id'),
    title: field('title'),
    question: field('question'),
    context: field('context'),
    source: { columns, values: row.value as Record<string, unknown>, answerColumn: answer?.path },
    answers() {
      if (isTrue(field('is_impossible').value)) return []
      if (answer) return plainAnswer(answer, field('answer_start'))
      if (answers.value === undefined) throw missing('answer', names, row, place)
      return answerParts(answers, place, report)
    },
  }
}

/** A row whose values have no names: pandas writes such rows with orient="values". */
export const isNamelessRow = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && !value.some(isObject)

export const namelessRow = (place: string): DataProblem =>
  new DataProblem('layout', place, 'rows are lists of values without column names (orient="values" of pandas)', {
    remedy: 'Save the table with its column names: df.to_json(PATH, orient="records").',
  })

/** Treats the column `answer` as `answers` if it contains structured answers. */
function withAnswers({ answer, answers, ...others }: Columns, row: JsonPart): Columns {
  const isInAnswer = answer !== undefined && isStructuredAnswer(row.field(answer).value)
  const hasAnswers = answers !== undefined && !isEmpty(row.field(answers))
  return isInAnswer && !hasAnswers ? { ...others, answers: answer } : { ...others, answer, answers }
}

/** Whether a value is an object as in `answers`, or a list of texts or objects, possibly in Python's notation. */
export function isStructuredAnswer(value: unknown): boolean {
  if (typeof value === 'string') return isPythonNotation(value) && isStructuredAnswer(parsePython(value))
  if (!Array.isArray(value)) return isObject(value) && 'text' in value
  return value.length > 0 && value.every((item) => typeof item === 'string' || (isObject(item) && 'text' in item))
}

function missing(name: string, names: readonly string[], { source }: JsonPart, place: string): DataProblem {
  const finding = `${source.whole} has no ${name}; found ${showList(names) || 'no fields'}`
  return new DataProblem('layout', place, finding, { remedy: EXPECTED_COLUMNS })
}

/** Restores `answers` from columns flattened by pandas.json_normalize. */
function flattened(row: JsonPart): JsonPart | undefined {
  const [text, answer_start] = [row.field('answers.text'), row.field('answers.answer_start')]
  if (text.value === undefined) return undefined
  return row.as({ text: text.value, answer_start: answer_start.value }, 'answers')
}

/** Whether a value means true in JSON, Python or a spreadsheet. */
export const isTrue = (value: unknown): boolean =>
  value === true || (typeof value === 'string' && /^(true|1|yes)$/i.test(value))

const isEmpty = ({ value }: JsonPart): boolean => value === undefined || value === ''

/** Returns `answers` if it is the plain text of one answer instead of a JSON or Python object. */
const plainText = (answers: JsonPart): JsonPart | undefined =>
  typeof answers.value === 'string' && /^\s*[^\s[{]/.test(answers.value) ? answers : undefined

/** A single answer as a list, which is empty for an empty answer. */
const plainAnswer = (text: JsonPart, answer_start: JsonPart): AnswerParts[] =>
  text.value === null || text.value === '' ? [] : [{ text, answer_start: startOf(answer_start) }]

const startOf = (part: JsonPart): JsonPart | undefined => (part.value == null ? undefined : part)

/** Whether an answer is the empty text at -1, which means "no answer" in some files. */
const isNone = ({ text, answer_start }: AnswerParts): boolean => text.value === '' && Number(answer_start?.value) === -1

/** Reads answers in any supported notation. Python notation is reported. */
export function answerParts(answers: JsonPart, place: string, report: Report): readonly AnswerParts[] {
  if (answers.value === null) return []
  if (typeof answers.value === 'string') return answerParts(fromPython(answers, place, report), place, report)
  const parts = Array.isArray(answers.value)
    ? answers.items().flatMap((item) => itemParts(item, place))
    : pairs(answers, place)
  return parts.every(isNone) ? [] : parts
}

/** Reads an item of a list of answers: a text, a pair of text and position, or lists of both. */
function itemParts(item: JsonPart, place: string): AnswerParts[] {
  if (typeof item.value === 'string') return [{ text: item, answer_start: undefined }]
  return pairs(item, place)
}

/** Reads two lists, or one text and its position. */
function pairs(answers: JsonPart, place: string): AnswerParts[] {
  const text = answers.field('text')
  // Label Studio uses the name "start".
  const start = ['answer_start', 'start'].map((name) => answers.field(name)).find(({ value }) => value != null)
  if (!Array.isArray(text.value)) return [{ text, answer_start: start }]
  const texts = text.items()
  if (!start) return texts.map((text) => ({ text, answer_start: undefined }))
  const starts = start.items()
  if (texts.length === starts.length) return texts.map((text, i) => ({ text, answer_start: startOf(starts[i]) }))
  const finding = `answers has ${texts.length} text and ${starts.length} answer_start; expected as many of each`
  throw new DataProblem('layout', place, finding, { remedy: EXPECTED_COLUMNS })
}

/** Converts answers in Python's notation, after reporting them. */
function fromPython(answers: JsonPart, place: string, report: Report): JsonPart {
  const text = answers.string()
  if (!isPythonNotation(text)) throw answers.unexpected('JSON {"text": ["..."], "answer_start": [0]}')
  const value = parsePython(text)
  const isRead = isObject(value) || Array.isArray(value)
  const finding = `${answers.path} is in Python's notation, ${showValue(text, 80)}; expected JSON`
  const fix = isRead ? ', or let "spanforge data check FILE --fix OUT" convert it' : ''
  const problem = new DataProblem('python_notation', place, finding, {
    remedy: `Save the table as JSON lines (df.to_json(PATH, orient="records", lines=True))${fix}.`,
    correction: isRead ? 'converted to JSON' : undefined,
  })
  if (!isRead) throw problem
  report(problem)
  return answers.as(value)
}
