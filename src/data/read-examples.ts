import { asyncBufferFromFile } from 'hyparquet'
import { DataProblem, type Report, reject } from '../squad/reading/data-problem.ts'
import { parquetRecords } from '../squad/reading/parquet.ts'
import { QuestionReader, type QuestionRecord, type SourceRow } from '../squad/reading/read-question.ts'
import { noQuestions, squadRecords } from '../squad/reading/squad-json.ts'
import type { Example } from '../squad/types.ts'
import { dialectOf } from './format.ts'
import { arrowRecords } from './formats/arrow.ts'
import { csvRows } from './formats/csv.ts'
import { jsonLineRecords } from './formats/json-lines.ts'
import { tableRecords } from './formats/table.ts'
import { workbookRecords } from './formats/workbook.ts'
import { bytesOf, type DataFile, openFile, textOf } from './open-file.ts'

/** The path of a data file, or the paths of several files that form one dataset, in order. */
export type DataSource = string | readonly string[]

/** Formats a data source for messages. */
export const sourceName = (source: DataSource): string => [source].flat().join(', ')

export interface ReadOptions {
  /** Called with each problem; if it returns, the reader fixes what it can and continues. Throws by default. */
  readonly report?: Report
}

/** An example with its original row in the file. */
export interface SourceExample extends Example {
  readonly source: SourceRow
}

/**
 * Streams the examples of one or several data files in file order. Supported formats, optionally gzipped, are SQuAD
 * JSON v1.1 and v2.0 and other JSON layouts (loaded into memory as a whole), and JSON lines, CSV, Parquet, Arrow and
 * Excel workbooks with one question per row. `answer_start` counts code points in the file and UTF-16 units in the
 * examples.
 * @throws DataProblem for the first problem, unless `report` handles it
 * @throws SpanforgeError for a file that cannot be read
 */
export async function* eachExample(source: DataSource, options: ReadOptions = {}): AsyncGenerator<Example> {
  for await (const [example] of examplesWithRows(source, options)) yield example
}

/** Streams examples like `eachExample`, each with its original row including all columns. */
export async function* eachSourceExample(source: DataSource, options: ReadOptions = {}): AsyncGenerator<SourceExample> {
  for await (const [example, row] of examplesWithRows(source, { ...options, allColumns: true }))
    yield { ...example, source: row }
}

/** Reads all examples with their original rows into a list. */
export async function readSourceExamples(source: DataSource, options: ReadOptions = {}): Promise<SourceExample[]> {
  const examples: SourceExample[] = []
  for await (const example of eachSourceExample(source, options)) examples.push(example)
  return examples
}

async function* examplesWithRows(
  source: DataSource,
  { report = reject, allColumns }: ReadOptions & Pick<RecordOptions, 'allColumns'>,
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

/** Reads the first `max_samples` examples (default: all) into a list. */
export async function readExamples(
  source: DataSource,
  { max_samples, ...options }: ReadOptions & { readonly max_samples?: number | null } = {},
): Promise<Example[]> {
  const max = max_samples ?? Number.POSITIVE_INFINITY
  const examples: Example[] = []
  if (max === 0) return examples
  for await (const example of eachExample(source, options)) if (examples.push(example) >= max) break
  return examples
}

interface RecordOptions {
  readonly report?: Report
  /** Columns that may be missing. */
  readonly mayLack?: readonly string[]
  /** Whether to read columns that are not part of a question too. */
  readonly allColumns?: boolean
}

/** Streams the questions of a file without validation. */
export async function* recordsOf(file: DataFile, options: RecordOptions = {}): AsyncGenerator<QuestionRecord> {
  const { path, format, head, gzip } = file
  const { report = reject } = options
  if (format === 'parquet')
    yield* parquetRecords(gzip ? (await whole(file)).buffer : await asyncBufferFromFile(path), path, options)
  else if (format === 'arrow') yield* arrowRecords(await whole(file), path, { ...options, report })
  else if (format === 'xlsx') yield* workbookRecords(await whole(file), { ...options, path, report })
  else if (format === 'jsonl') yield* jsonLineRecords(textOf(file), path, report, options.mayLack)
  else if (format === 'csv')
    yield* tableRecords(csvRows(textOf(file), dialectOf(head), path, report), { ...options, path, report })
  else yield* squadRecords(await wholeText(file), path, report, options.mayLack)
}

/** Maximum size of a file in a format that must be loaded as a whole. */
const MAX_BYTES = 2 ** 31 - 1

async function whole(file: DataFile): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of bytesOf(file)) {
    chunks.push(chunk)
    length += chunk.length
    if (length > MAX_BYTES)
      throw new DataProblem('unreadable', file.path, 'larger than 2 GiB, the maximum for this format', {
        remedy: 'Split it into several files, or convert it to JSON lines, which are streamed.',
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

/** Maximum string length of V8. */
const MAX_TEXT_LENGTH = 2 ** 29 - 24

async function wholeText(file: DataFile): Promise<string> {
  const chunks: string[] = []
  let length = 0
  for await (const chunk of textOf(file)) {
    chunks.push(chunk)
    length += chunk.length
    if (length > MAX_TEXT_LENGTH)
      throw new DataProblem('unreadable', file.path, 'longer than 512 million characters, the maximum for JSON', {
        remedy: 'Convert it to JSON lines (one question per line), which are streamed, or split it into several files.',
      })
  }
  return chunks.join('')
}
