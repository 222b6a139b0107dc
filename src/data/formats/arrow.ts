import { type Table, tableFromIPC } from '@uwdata/flechette'
import { plainValue, requireColumns, wantedColumns } from '../../squad/reading/columns.ts'
import { DataProblem, orReport, type Report } from '../../squad/reading/data-problem.ts'
import { JsonPart } from '../../squad/reading/json-text.ts'
import type { QuestionRecord } from '../../squad/reading/read-question.ts'
import { ROW_LAYOUT, rowRecord } from '../../squad/reading/row-record.ts'
import { checkColumn } from './arrow-batches.ts'
import { arrowStream, checkMessages } from './arrow-messages.ts'

interface ArrowOptions {
  readonly report: Report
  readonly mayLack?: readonly string[]
  readonly allColumns?: boolean
}

/** Whether a file starts like an Arrow IPC stream, as written by `save_to_disk`, or like an Arrow file. */
export const isArrow = (head: Uint8Array): boolean =>
  (head.length > 8 && head.subarray(0, 4).every((byte) => byte === 0xff)) ||
  Buffer.from(head.subarray(0, 6)).toString('latin1') === 'ARROW1'

/** Yields the rows of an Arrow table. */
export function* arrowRecords(bytes: Uint8Array, path: string, options: ArrowOptions): Generator<QuestionRecord> {
  const { report, mayLack, allColumns = false } = options
  const table = readable(path, () => checkedTable(bytes))
  const columns = requireColumns(table.names, path, mayLack)
  const wanted = allColumns ? table.names : wantedColumns(table.names, columns)
  for (let index = 0; index < table.numRows; index++) {
    const place = `${path}: row ${index}`
    const values = readable(path, () => rowOf(table, wanted, index))
    const part = new JsonPart(values, { place, whole: 'the row', remedy: ROW_LAYOUT })
    const record = orReport(report, () => rowRecord(part, { place, columns, report, mayLack }))
    if (record) yield record
  }
}

/** @throws Error for a table that claims to be larger than the file */
function checkedTable(bytes: Uint8Array): Table {
  const stream = arrowStream(bytes)
  checkMessages(stream)
  const table = tableFromIPC(stream, { useDate: true, useProxy: false })
  // Every value takes at least one bit.
  const max = 8 * bytes.length
  for (const name of table.names) {
    if (typeof name !== 'string') throw new Error('a column without a name')
    checkColumn(table.getChild(name), max)
  }
  return table
}

const rowOf = (table: Table, names: readonly string[], index: number): Record<string, unknown> =>
  Object.fromEntries(names.map((name) => [name, plainValue(table.getChild(name).at(index))]))

function readable<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw corrupted(path, error)
  }
}

const corrupted = (path: string, cause: unknown): DataProblem =>
  new DataProblem('unreadable', path, `cannot be read as Arrow (${(cause as Error).message})`, {
    remedy: 'The file is corrupted or compressed. Write it again with save_to_disk, or as Parquet with to_parquet.',
    cause,
  })
