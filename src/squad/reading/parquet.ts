import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects, parquetSchema, type SchemaTree } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import type { Example } from '../types.ts'
import { plainValue, requireColumns, wantedColumns } from './columns.ts'
import { DataProblem, orReport, type Report, reject } from './data-problem.ts'
import { JsonPart } from './json-text.ts'
import { checkPages } from './parquet-pages.ts'
import { QuestionReader, type QuestionRecord } from './read-question.ts'
import { ROW_LAYOUT, rowRecord } from './row-record.ts'

/** Keeps U+FEFF at the start of a text, which hyparquet would remove as a byte-order mark. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const parsers = { stringFromBytes: (bytes: Uint8Array | undefined) => bytes && decoder.decode(bytes) }

/**
 * Streams the examples of a Parquet file with the columns of Hugging Face's `squad` and `squad_v2`, one row group at a
 * time. `answer_start` counts code points in the file and UTF-16 units in the examples. `name` is used in messages.
 * @throws SpanforgeError for a file that is not Parquet or is corrupted, for a missing or invalid column, and for an
 * answer that is not in its context at answer_start
 */
export async function* parquetExamples(
  file: AsyncBuffer,
  name: string,
  report: Report = reject,
): AsyncGenerator<Example> {
  const reader = new QuestionReader(report)
  for await (const record of parquetRecords(file, name, { report })) {
    const example = reader.read(record)
    if (example) yield example
  }
}

export interface ParquetOptions {
  readonly report?: Report
  /** Columns that may be missing. */
  readonly mayLack?: readonly string[]
  /** Whether to read columns that are not part of a question too. */
  readonly allColumns?: boolean
}

/** Streams the rows of a Parquet file without validation. */
export async function* parquetRecords(
  file: AsyncBuffer,
  name: string,
  { report = reject, mayLack = [], allColumns = false }: ParquetOptions = {},
): AsyncGenerator<QuestionRecord> {
  const place = name
  const metadata = await readable(place, () => parquetMetadataAsync(file))
  const schema = await readable(place, async () => parquetSchema(metadata))
  const names = await readable(place, async () => columnNames(schema))
  const columns = requireColumns(names, place, mayLack)
  const wanted = allColumns ? names : wantedColumns(names, columns)
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows)
    const options = { file, metadata, compressors, parsers, columns: wanted, rowStart, rowEnd }
    const rows = await readable(place, async () => {
      await checkPages(file, group, schema, wanted)
      return parquetReadObjects(options)
    })
    for (const [index, row] of rows.entries()) {
      const at = `${place}: row ${rowStart + index}`
      const part = new JsonPart(plainValue(row), { place: at, whole: 'the row', remedy: ROW_LAYOUT })
      const record = orReport(report, () => rowRecord(part, { place: at, columns, report, mayLack }))
      if (record) yield record
    }
    rowStart = rowEnd
  }
}

/** Names of the columns. A corrupted schema may lack a name that its type declares. */
function columnNames({ children }: SchemaTree): string[] {
  return children.map(({ element: { name } }, i) => {
    if (typeof name !== 'string') throw new Error(`column ${i + 1} has no name`)
    return name
  })
}

async function readable<T>(place: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw new DataProblem('unreadable', place, `cannot be read as Parquet (${(error as Error).message})`, {
      remedy: 'The file is corrupted or has another format. For a cached file, run "spanforge cache verify".',
      cause: error,
    })
  }
}
