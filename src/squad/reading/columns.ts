import { showList, showText } from '../../show-value.ts'
import { DataProblem } from './data-problem.ts'

/** The parts of a question that a row may have. */
export type Field = 'id' | 'title' | 'question' | 'context' | 'answers' | 'answer' | 'answer_start' | 'is_impossible'

/** The name that a file gives each of these fields. */
export type Columns = Readonly<Partial<Record<Field, string>>>

/** Common alternative names of these fields, without case, spaces and punctuation. */
const SYNONYMS: Readonly<Record<Field, readonly string[]>> = {
  id: ['qid', 'questionid', 'qasid', 'exampleid'],
  title: ['articletitle', 'documenttitle'],
  question: ['questions', 'questiontext', 'query', 'q'],
  context: ['contexts', 'contexttext', 'passage', 'paragraph', 'document', 'text'],
  answers: [],
  answer: ['answertext', 'answersubstring', 'a'],
  answer_start: ['start', 'startchar', 'charstart', 'answerstartchar', 'answeroffset'],
  is_impossible: ['impossible', 'unanswerable'],
}

const FIELDS = Object.keys(SYNONYMS) as Field[]

/** The expected columns, for remedies. */
export const EXPECTED_COLUMNS =
  'Expected question, context and answer (and answer_start if an answer occurs more than once); or the columns of ' +
  'run_qa.py: id, question, context and answers, {"text": ["..."], "answer_start": [0]}.'

const plain = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')

/**
 * Maps fields to column names. An exact name takes precedence over one that differs in case, spaces or punctuation,
 * which takes precedence over a synonym.
 */
export function findColumns(names: readonly string[]): Columns {
  const columns: Partial<Record<Field, string>> = {}
  const plainNames = names.map(plain)
  for (const field of FIELDS) {
    const spellings = [plain(field), ...SYNONYMS[field]]
    const spelling = spellings.find((spelling) => plainNames.includes(spelling))
    const name = names.includes(field) ? field : spelling && names[plainNames.indexOf(spelling)]
    if (name !== undefined) columns[field] = name
  }
  return columns
}

/** Number of rows in which to look for the header, because titles and notes may come before it. */
export const HEADER_ROWS = 20

/** Whether a row names the columns of questions. */
export function namesQuestions(names: readonly string[], mayLack: readonly string[] = []): boolean {
  const { question, context } = findColumns(names)
  return question !== undefined && (context !== undefined || mayLack.includes('context'))
}

/** Creates a cached version of `findColumns` for rows that mostly have the same names. */
export function columnFinder(): (row: object) => Columns {
  let known = ''
  let columns: Columns = {}
  return (row) => {
    const names = Object.keys(row)
    const key = names.join('\n')
    if (key !== known) columns = findColumns(names)
    known = key
    return columns
  }
}

/**
 * @throws DataProblem that names the missing columns, and those that the file has
 */
export function requireColumns(names: readonly string[], place: string, mayLack: readonly string[] = []): Columns {
  const columns = findColumns(names)
  const missing: string[] = (['question', 'context'] as const).filter(
    (field) => !columns[field] && !mayLack.includes(field),
  )
  const hasAnswers = columns.answers !== undefined || columns.answer !== undefined || names.includes('answers.text')
  if (!hasAnswers && !mayLack.includes('answers')) missing.push('answer')
  if (missing.length === 0) return columns
  const found = showList(names.filter(Boolean)) || 'none'
  throw new DataProblem('unreadable', place, `no ${missing.join(' or ')} column; found the columns ${found}`, {
    remedy: EXPECTED_COLUMNS,
  })
}

/** @throws DataProblem if a column of a question occurs twice */
export function rejectRepeated(names: readonly string[], place: string): void {
  const columns = findColumns(names)
  const repeated = Object.values(columns).find((name) => names.indexOf(name) !== names.lastIndexOf(name))
  if (repeated === undefined) return
  throw new DataProblem('unreadable', place, `several columns are named ${showText(repeated, 80)}`, {
    remedy: 'Rename or remove all but one of them.',
  })
}

/** Selects the columns that are part of a question. */
export function wantedColumns(names: readonly string[], columns: Columns): string[] {
  const wanted = new Set(Object.values(columns))
  return names.filter((name) => wanted.has(name) || /^answers\.(text|answer_start)$/.test(name))
}

/** Converts a column value to plain JSON: typed arrays to lists, 64-bit integers to numbers. */
export function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (ArrayBuffer.isView(value) || Array.isArray(value)) return Array.from(value as Iterable<unknown>, plainValue)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plainValue(item)]))
}
