import { parseBoundedJson } from '../bounded-json.ts'
import { findColumns, refuseRepeated, requireColumns } from '../squad/columns.ts'
import { DataProblem, orReport, type Report } from '../squad/data-problem.ts'
import { JsonPart } from '../squad/json-text.ts'
import type { QuestionRecord } from '../squad/read-question.ts'
import { ROW_LAYOUT, rowRecord } from '../squad/row-record.ts'

/** A row of a table of texts, as a file of fields or cells has it. */
export interface TableRow {
  /** Such as `train.csv: the row that ends at line 2`. */
  readonly place: string
  readonly cells: readonly string[]
}

interface TableOptions {
  readonly path: string
  readonly report: Report
  /** Columns that may be missing. */
  readonly mayLack?: readonly string[]
}

/**
 * The questions of a table whose first row names the columns: those of run_qa, of which `answers` is JSON, or `answer`
 * and perhaps `answer_start`. Rows without any text are skipped.
 */
export async function* tableRecords(
  rows: AsyncIterable<TableRow>,
  { path, report, mayLack }: TableOptions,
): AsyncGenerator<QuestionRecord> {
  let names: readonly string[] | undefined
  for await (const { place, cells } of rows) {
    if (cells.every((cell) => !cell.trim())) continue
    if (!names) {
      names = columnNames(cells, path)
      requireColumns(names, path, mayLack)
      continue
    }
    const record = orReport(report, () => tableRecord(names!, cells, place, report))
    if (record) yield record
  }
}

function tableRecord(names: readonly string[], cells: readonly string[], place: string, report: Report) {
  const columns = findColumns(names)
  const surplus = cells.slice(names.length).some((cell) => cell.trim())
  if (surplus || (cells.length < names.length && names.slice(cells.length).some(Boolean)))
    throw new DataProblem('layout', place, `the row has ${cells.length} fields; expected ${names.length}`, {
      remedy: 'A field with a delimiter, a quotation mark or a line break belongs in quotation marks ("...").',
    })
  const values: Record<string, unknown> = Object.fromEntries(names.map((name, i) => [name, cells[i] ?? '']))
  const read = { ...values }
  for (const name of ['answers', 'title', 'id', 'answer_start', 'is_impossible'] as const) {
    const column = columns[name]
    if (column !== undefined) read[column] = readers[name](String(values[column]))
  }
  const source = { place, whole: 'the row', remedy: ROW_LAYOUT }
  const record = rowRecord(new JsonPart(read, source), { place, columns, report })
  return { ...record, source: { ...record.source, values } }
}

/** What an empty field is, and what is not text. */
const readers = {
  answers: parsed,
  title: (text: string) => text || null,
  id: (text: string) => text || null,
  answer_start: (text: string) => (/^\s*(nan|none|null|<na>)?\s*$/i.test(text) ? null : text),
  is_impossible: (text: string) => text.trim(),
} as const

/** JSON objects and lists; any other text is an answer. */
function parsed(text: string): unknown {
  try {
    const value = parseBoundedJson(text)
    return typeof value === 'object' ? value : text
  } catch {
    return text
  }
}

/** Names without the space around them; a name that others have too, or none, is numbered. */
function columnNames(cells: readonly string[], path: string): string[] {
  const names = cells.map((cell) => cell.trim())
  while (names.at(-1) === '') names.pop()
  refuseRepeated(names, path)
  const taken = new Set<string>()
  return names.map((name, i) => {
    const own = taken.has(name) ? `${name} (column ${i + 1})` : name
    taken.add(own)
    return own
  })
}
