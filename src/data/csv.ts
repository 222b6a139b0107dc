import { pipeline, Readable } from 'node:stream'
import { type CsvError, parse } from 'csv-parse'
import { DataProblem, type Report } from '../squad/data-problem.ts'
import { JsonPart } from '../squad/json-text.ts'
import type { QuestionRecord } from '../squad/read-question.ts'
import { rowRecord } from '../squad/row-record.ts'

interface Row {
  readonly record: Readonly<Record<string, string>>
  readonly info: { readonly lines: number }
}

/**
 * The questions of a CSV file: with run_qa's columns, of which `answers` is JSON, or with `answer` and, where one likes,
 * `answer_start`. Rows that are broken are reported.
 */
export async function* csvRecords(
  text: AsyncIterable<string>,
  delimiter: string,
  path: string,
  report: Report,
  mayLack: readonly string[] = [],
): AsyncGenerator<QuestionRecord> {
  const skipped: CsvError[] = []
  const parser = parse({
    columns: (names: string[]) => names.map((name) => name.trim()),
    delimiter,
    info: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error) => void (error && skipped.push(error)),
  })
  // An error of the text comes out of the parser.
  const rows: AsyncIterable<Row> = pipeline(Readable.from(text), parser, () => {})
  const reportSkipped = () => {
    for (const error of skipped.splice(0)) report(broken(error, path))
  }
  try {
    let isFirst = true
    for await (const { record, info } of rows) {
      reportSkipped()
      if (isFirst) checkColumns(Object.keys(record), path, mayLack)
      isFirst = false
      const place = `${path}: the row that ends at line ${info.lines}`
      const source = { place, whole: 'the row', remedy: LAYOUT }
      yield rowRecord(new JsonPart({ ...record, title: record.title || null, ...answersOf(record) }, source), place)
    }
  } catch (error) {
    throw (error as CsvError).code?.startsWith?.('CSV_') ? broken(error as CsvError, path) : error
  }
  reportSkipped()
}

/** What every row would lack is said once. */
function checkColumns(columns: readonly string[], path: string, mayLack: readonly string[]): void {
  if (columns.includes('answer')) return
  const missing = ['id', 'answers'].filter((column) => !columns.includes(column) && !mayLack.includes(column))
  if (missing.length === 0) return
  const finding = `no column ${missing.join(', ')}; it has ${columns.join(', ')}`
  throw new DataProblem('unreadable', path, finding, { remedy: LAYOUT })
}

/** Values where JSON or a number is expected; a text that is none is refused later, for what it is. */
const answersOf = ({ answers, answer_start: start }: Row['record']): Readonly<Record<string, unknown>> => ({
  answers: answers === undefined ? undefined : parsed(answers),
  answer_start: /^\d+$/.test(start ?? '') ? Number(start) : start || undefined,
})

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return json || undefined
  }
}

const broken = ({ message }: CsvError, path: string): DataProblem =>
  new DataProblem('layout', path, `not CSV (${message})`, { remedy: LAYOUT })

const LAYOUT =
  'Expected the columns question, context and answer, and answer_start where an answer stands more than once; or id, ' +
  'question, context and answers, the last as JSON: {"text": ["..."], "answer_start": [0]}, its quotes doubled and the ' +
  'whole in quotes.'
