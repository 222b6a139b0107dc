import { asyncBufferFromFile } from 'hyparquet'
import { DataProblem, type Report, refuse } from '../squad/reading/data-problem.ts'
import { parquetRecords } from '../squad/reading/parquet.ts'
import { QuestionReader, type QuestionRecord, type SourceRow } from '../squad/reading/read-question.ts'
import { noQuestions, squadRecords } from '../squad/reading/squad-json.ts'
import type { Example } from '../squad/types.ts'
import { arrowRecords } from './arrow.ts'
import { csvRows } from './csv.ts'
import { dialectOf } from './format.ts'
import { jsonLineRecords } from './json-lines.ts'
import { bytesOf, type DataFile, openFile, textOf } from './open-file.ts'
import { tableRecords } from './table.ts'
import { workbookRecords } from './workbook.ts'

/** A data file, or the files that make up one data set, in their order. */
export type DataSource = string | readonly string[]

/** For people. */
export const sourceName = (source: DataSource): string => [source].flat().join(', ')

export interface ReadOptions {
  /** Called with each problem; if it returns, the reader fixes what it can and continues. Throws by default. */
  readonly report?: Report
}

/** An example with the row of the file that it comes from. */
export interface SourceExample extends Example {
  readonly source: SourceRow
}

/**
 * The examples of a data file, or of several as one, in file order, as they are read: SQuAD JSON v1.1 and v2.0 and other
 * JSON files (held in memory as a whole), JSON lines, CSV, Parquet, Arrow and Excel workbooks with a question a row, any
 * of them gzipped or not. `answer_start` counts code points in the file and UTF-16 units in the examples.
 * @throws DataProblem for the first thing that is wrong, unless `report` takes it
 * @throws SpanforgeError for a file that cannot be read
 */
export async function* eachExample(source: DataSource, options: ReadOptions = {}): AsyncGenerator<Example> {
  for await (const [example] of examplesWithRows(source, options)) yield example
}

/** As `eachExample`, each example with the row that it comes from, all columns included. */
export async function* eachSourceExample(source: DataSource, options: ReadOptions = {}): AsyncGenerator<SourceExample> {
  for await (const [example, row] of examplesWithRows(source, { ...options, allColumns: true }))
    yield { ...example, source: row }
}

/** As `eachSourceExample`, in a list. */
export async function readSourceExamples(source: DataSource, options: ReadOptions = {}): Promise<SourceExample[]> {
  const examples: SourceExample[] = []
  for await (const example of eachSourceExample(source, options)) examples.push(example)
  return examples
}

async function* examplesWithRows(
  source: DataSource,
  { report = refuse, allColumns }: ReadOptions & Pick<RecordOptions, 'allColumns'>,
): AsyncGenerator<[Example, SourceRow]> {
  let problems = 0
  const counted: Report = (problem) => {
    problems++
    report(problem)
  }
  const reader = new QuestionReader(counted)
  let count = 0
  try {
    for (const path of [source].flat())
      for await (const record of recordsOf(await openFile(path), { report: counted, allColumns })) {
        const example = reader.read(record)
        if (!example) continue
        count++
        yield [example, record.source]
      }
    if (count === 0 && problems === 0) throw noQuestions(sourceName(source))
  } catch (error) {
    if (!(error instanceof DataProblem)) throw error
    report(error)
  }
}

/** As `eachExample`, in a list: the first `max_samples`, or all of them where it is null. */
export async function readExamples(
  source: DataSource,
  { max_samples, ...options }: ReadOptions & { readonly max_samples?: number | null } = {},
): Promise<Example[]> {
  const most = max_samples ?? Number.POSITIVE_INFINITY
  const examples: Example[] = []
  if (most === 0) return examples
  for await (const example of eachExample(source, options)) if (examples.push(example) >= most) break
  return examples
}

interface RecordOptions {
  readonly report?: Report
  /** Columns that may be missing. */
  readonly mayLack?: readonly string[]
  /** Read the columns too that are none of a question's. */
  readonly allColumns?: boolean
}

/** The questions of a file as they are. */
export async function* recordsOf(file: DataFile, options: RecordOptions = {}): AsyncGenerator<QuestionRecord> {
  const { path, format, head, gzip } = file
  const { report = refuse } = options
  if (format === 'parquet')
    yield* parquetRecords(gzip ? (await whole(file)).buffer : await asyncBufferFromFile(path), path, options)
  else if (format === 'arrow') yield* arrowRecords(await whole(file), path, { ...options, report })
  else if (format === 'xlsx') yield* workbookRecords(await whole(file), { ...options, path, report })
  else if (format === 'jsonl') yield* jsonLineRecords(textOf(file), path, report)
  else if (format === 'csv')
    yield* tableRecords(csvRows(textOf(file), dialectOf(head), path, report), { ...options, path, report })
  else yield* squadRecords(await wholeText(file), path, report)
}

/** Larger files are read piece by piece or not at all. */
const MOST_BYTES = 2 ** 31 - 1

async function whole(file: DataFile): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of bytesOf(file)) {
    chunks.push(chunk)
    length += chunk.length
    if (length > MOST_BYTES)
      throw new DataProblem('unreadable', file.path, 'more than 2 GiB, the most that is read at once', {
        remedy: 'Write it in several files, or as JSON lines, which are read one by one.',
      })
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** The longest string that V8 can hold. */
const LONGEST_TEXT = 2 ** 29 - 24

async function wholeText(file: DataFile): Promise<string> {
  const chunks: string[] = []
  let length = 0
  for await (const chunk of textOf(file)) {
    chunks.push(chunk)
    length += chunk.length
    if (length > LONGEST_TEXT)
      throw new DataProblem('unreadable', file.path, 'more than 512 million characters of one JSON text', {
        remedy: 'Write it as JSON lines (a question a line), which are read one by one, or in several files.',
      })
  }
  return chunks.join('')
}
