import { parseBoundedJson } from '../../bounded-json.ts'
import { showText } from '../../show-value.ts'
import {
  type Columns,
  findColumns,
  HEADER_ROWS,
  namesQuestions,
  rejectRepeated,
  requireColumns,
  wantedColumns,
} from '../../squad/reading/columns.ts'
import { DataProblem, orReport, type Report } from '../../squad/reading/data-problem.ts'
import { JsonPart } from '../../squad/reading/json-text.ts'
import type { QuestionRecord } from '../../squad/reading/read-question.ts'
import { isStructuredAnswer, ROW_LAYOUT, rowRecord } from '../../squad/reading/row-record.ts'

/** A row of a CSV file or a spreadsheet. */
export interface TableRow {
  /** Position for messages, such as `train.csv: the row that ends at line 2`. */
  readonly place: string
  readonly cells: readonly string[]
  /** Formulas without a stored result, by column. */
  readonly formulas?: ReadonlyMap<number, string>
}

interface TableOptions {
  readonly path: string
  readonly report: Report
  /** Columns that may be missing. */
  readonly mayLack?: readonly string[]
  /** Whether to read columns that are not part of a question too. */
  readonly allColumns?: boolean
}

/**
 * Yields the questions of a table with either the columns of run_qa.py, where `answers` is JSON, or with `answer` and
 * optionally `answer_start`. Skips rows above the header, empty rows, and repeated headers of appended files.
 */
export async function* tableRecords(
  rows: AsyncIterable<TableRow>,
  options: TableOptions,
): AsyncGenerator<QuestionRecord> {
  const { path, report, mayLack } = options
  const above: string[][] = []
  let header: Header | undefined
  for await (const row of rows) {
    if (!row.cells.some(hasText)) continue
    if (header === undefined) {
      const cells = row.cells.map((cell) => cell.trim())
      if (namesQuestions(cells, mayLack)) header = headerOf(cells, options)
      else if (above.push(cells) === HEADER_ROWS) break
      continue
    }
    if (isRepeated(header, row)) continue
    const known = header
    const record = orReport(report, () => tableRecord(known, row, report))
    if (record) yield record
  }
  if (header === undefined && above.length > 0) requireColumns(columnNames(likelyHeader(above), path), path, mayLack)
}

const hasText = (cell: string | undefined): boolean => cell !== undefined && cell.trim() !== ''

/** What the header says about every row. It is worked out once, because a workbook may have 16,384 columns. */
interface Header {
  readonly cells: readonly string[]
  readonly names: readonly string[]
  readonly columns: Columns
  readonly isNamed: readonly boolean[]
  /** Indices of the columns that are part of a question. */
  readonly fields: readonly number[]
  readonly allColumns: boolean
  readonly mayLack?: readonly string[]
}

function headerOf(cells: readonly string[], { path, mayLack, allColumns = false }: TableOptions): Header {
  const names = columnNames(cells, path)
  const columns = requireColumns(names, path, mayLack)
  const fields = wantedColumns(names, columns).map((name) => names.indexOf(name))
  return { cells, names, columns, fields, isNamed: names.map(isNamed), allColumns, mayLack }
}

const isRepeated = ({ cells }: Header, row: TableRow): boolean =>
  row.cells.length === cells.length && cells.every((cell, i) => cell === row.cells[i].trim())

/** The row with the most known column names. */
function likelyHeader(rows: readonly string[][]): string[] {
  const known = (names: string[]) => Object.keys(findColumns(names)).length
  return rows.reduce((best, row) => (known(row) > known(best) ? row : best))
}

function tableRecord(header: Header, { cells, place, formulas }: TableRow, report: Report): QuestionRecord {
  const { names, columns, isNamed } = header
  const formula = header.fields.map((index) => formulas?.get(index)).find((formula) => formula !== undefined)
  if (formula !== undefined)
    throw new DataProblem('layout', place, `the formula ${showText(formula, 80)} has no stored result`, {
      remedy: 'Open the workbook in a spreadsheet program and save it, so that the results are stored.',
    })
  const surplus = cells.slice(names.length).some(hasText)
  if (surplus || isNamed.indexOf(true, cells.length) >= 0)
    throw new DataProblem('layout', place, `the row has ${cells.length} fields; expected ${names.length}`, {
      remedy: 'Put fields that contain a delimiter, a quotation mark or a line break in quotation marks ("...").',
    })
  const textsOf = (indices: readonly number[]): Record<string, unknown> =>
    Object.fromEntries(indices.map((index) => [names[index], cells[index] ?? '']))
  const read = textsOf(header.fields)
  const values = header.allColumns ? textsOf(usedColumns(header, cells)) : { ...read }
  for (const name of ['answers', 'answer', 'title', 'id', 'answer_start', 'is_impossible'] as const) {
    const column = columns[name]
    if (column !== undefined) read[column] = readers[name](String(read[column]))
  }
  const source = { place, whole: 'the row', remedy: ROW_LAYOUT }
  const record = rowRecord(new JsonPart(read, source), { place, columns, report, mayLack: header.mayLack })
  return { ...record, source: { ...record.source, values } }
}

/** The columns that have a name, or at least a text in this row. */
const usedColumns = ({ names, isNamed }: Header, cells: readonly string[]): number[] =>
  [...names.keys()].filter((index) => isNamed[index] || hasText(cells[index]))

/** Converters for columns that are not plain text or may be empty. */
const readers = {
  answers: parsed,
  answer(text: string) {
    const value = parsed(text)
    return isStructuredAnswer(value) ? value : text
  },
  title: (text: string) => text || null,
  id: (text: string) => text || null,
  answer_start: (text: string) => (/^\s*(nan|none|null|<na>)?\s*$/i.test(text) ? null : ungrouped(text)),
  is_impossible: (text: string) => text.trim(),
} as const

/** Normalizes integers as formatted by spreadsheets: 1,450 and 1.450 become 1450, and 13,0 becomes 13.0. */
const ungrouped = (text: string): string =>
  /^\s*\d{1,3}([.,'’\s]\d{3})+\s*$/.test(text) ? text.replace(/\D/g, '') : text.replace(/,(0*)\s*$/, '.$1')

/** Parses JSON objects and lists; any other text is returned unchanged. */
function parsed(text: string): unknown {
  try {
    const value = parseBoundedJson(text)
    return typeof value === 'object' ? value : text
  } catch {
    return text
  }
}

/** Makes column names unique by adding the column number to repeated and empty ones. */
function columnNames(names: readonly string[], path: string): string[] {
  rejectRepeated(names, path)
  const taken = new Set<string>()
  return names.map((name, i) => {
    const own = taken.has(name) ? `${name} (column ${i + 1})`.trim() : name
    taken.add(own)
    return own
  })
}

/** Whether a column has a name. Unnamed columns are ignored if they are empty. */
const isNamed = (name: string): boolean => name !== '' && !/^\(column \d+\)$/.test(name)
