import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { DataProblem, type Report, refuse } from './data-problem.ts'
import { JsonPart } from './json-text.ts'
import { checkPages } from './parquet-pages.ts'
import { QuestionReader, type QuestionRecord } from './read-question.ts'
import { ROW_LAYOUT, rowRecord } from './row-record.ts'
import type { Example } from './types.ts'

const NEEDED = ['id', 'question', 'context', 'answers']

/** Columns that questions may lack which are to be answered. */
export const askedMayLack: readonly string[] = ['id', 'answers']

/** A text may begin with U+FEFF, which is not a mark of byte order there; hyparquet would take it away. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const parsers = { stringFromBytes: (bytes: Uint8Array | undefined) => bytes && decoder.decode(bytes) }

/**
 * Examples of a Parquet file with the columns of Hugging Face's `squad` and `squad_v2`, a row group at a time. The
 * file's `answer_start` counts code points; the examples' counts UTF-16 units. `name` is the file's name, for messages.
 * @throws SpanforgeError for what is no Parquet file or a damaged one, a column missing or of another kind, and an
 * answer that does not stand in its context where it says.
 */
export async function* parquetExamples(
  file: AsyncBuffer,
  name: string,
  report: Report = refuse,
): AsyncGenerator<Example> {
  const reader = new QuestionReader(report)
  for await (const record of parquetRecords(file, name)) {
    const example = reader.read(record)
    if (example) yield example
  }
}

/** The rows of such a file as they stand there. */
export async function* parquetRecords(
  file: AsyncBuffer,
  name: string,
  mayLack: readonly string[] = [],
): AsyncGenerator<QuestionRecord> {
  const place = name
  const metadata = await readable(place, () => parquetMetadataAsync(file))
  const schema = await readable(place, async () => parquetSchema(metadata))
  const columns = schema.children.map(({ element }) => element.name)
  const missing = NEEDED.filter((column) => !columns.includes(column) && !mayLack.includes(column))
  if (missing.length > 0) {
    const finding = `no column ${missing.join(', ')}; it has ${columns.join(', ') || 'none'}`
    throw new DataProblem('unreadable', place, finding, { remedy: ROW_LAYOUT })
  }
  const wanted = [...NEEDED, 'title'].filter((column) => columns.includes(column))
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
      yield rowRecord(new JsonPart(withNumbers(row), { place: at, whole: 'the row', remedy: ROW_LAYOUT }), at)
    }
    rowStart = rowEnd
  }
}

/** INT64 columns come as BigInt, which JSON does not know. */
function withNumbers(row: Record<string, unknown>): Record<string, unknown> {
  const { answers } = row as { answers?: { answer_start?: unknown } }
  if (!Array.isArray(answers?.answer_start)) return row
  return { ...row, answers: { ...answers, answer_start: answers.answer_start.map(asNumber) } }
}

const asNumber = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value)

async function readable<T>(place: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw new DataProblem('unreadable', place, `cannot be read as Parquet (${(error as Error).message})`, {
      remedy: 'The file is damaged or of another format. One from the cache: spanforge cache verify tells which it is.',
      cause: error,
    })
  }
}
