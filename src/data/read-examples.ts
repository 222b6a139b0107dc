import { asyncBufferFromFile } from 'hyparquet'
import { DataProblem, type Report, refuse } from '../squad/data-problem.ts'
import { parquetRecords } from '../squad/parquet.ts'
import { QuestionReader, type QuestionRecord } from '../squad/read-question.ts'
import { noQuestions, squadRecords } from '../squad/squad-json.ts'
import type { Example } from '../squad/types.ts'
import { csvRecords } from './csv.ts'
import { csvDelimiter } from './format.ts'
import { jsonLineRecords } from './json-lines.ts'
import { bytesOf, type DataFile, openFile, textOf } from './open-file.ts'

/** A data file, or the files that make up one data set, in their order. */
export type DataSource = string | readonly string[]

/** For people. */
export const sourceName = (source: DataSource): string => [source].flat().join(', ')

export interface ReadOptions {
  /** Is told of each problem; where it returns, the reader mends what it can and goes on. Unless given, it throws. */
  readonly report?: Report
}

/**
 * The examples of a data file, or of several as one, in file order, as they are read: SQuAD JSON v1.1 and v2.0 (which is held as a whole), JSON
 * lines, CSV and Parquet in run_qa's columns, each of them perhaps in gzip. The file's `answer_start` counts code points;
 * the examples' counts UTF-16 units.
 * @throws DataProblem for the first thing that is wrong, unless `report` takes it
 * @throws SpanforgeError for a file that cannot be read
 */
export async function* eachExample(source: DataSource, { report = refuse }: ReadOptions = {}): AsyncGenerator<Example> {
  const reader = new QuestionReader(report)
  let count = 0
  try {
    for (const path of [source].flat())
      for await (const record of recordsOf(await openFile(path), report)) {
        const example = reader.read(record)
        if (!example) continue
        count++
        yield example
      }
    if (count === 0) throw noQuestions(sourceName(source))
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

/** The questions of a file as they stand there; CSV and Parquet may lack the columns `mayLack`. */
export async function* recordsOf(
  file: DataFile,
  report: Report = refuse,
  mayLack: readonly string[] = [],
): AsyncGenerator<QuestionRecord> {
  const { path, format, head, gzip } = file
  if (format === 'parquet')
    yield* parquetRecords(gzip ? await whole(file) : await asyncBufferFromFile(path), path, mayLack)
  else if (format === 'jsonl') yield* jsonLineRecords(textOf(file), path, report)
  else if (format === 'csv') {
    const delimiter = csvDelimiter(head.split('\n', 1)[0]) ?? ','
    yield* csvRecords(textOf(file), delimiter, path, report, mayLack)
  } else yield* squadRecords(await wholeText(file), path, report)
}

async function whole(file: DataFile): Promise<ArrayBuffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytesOf(file)) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
}

/** Longer strings than this there are none in the engine. */
const LONGEST_TEXT = 2 ** 29 - 24

async function wholeText(file: DataFile): Promise<string> {
  const chunks: string[] = []
  let length = 0
  for await (const chunk of textOf(file)) {
    chunks.push(chunk)
    length += chunk.length
    if (length > LONGEST_TEXT)
      throw new DataProblem('unreadable', file.path, 'more than 512 million characters of one JSON text', {
        remedy: 'Write it as JSON lines (a question a line), which are read one by one, or in parts.',
      })
  }
  return chunks.join('')
}
