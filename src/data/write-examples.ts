import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { UsageError } from '../errors.ts'
import { type OutputOptions, writeOutput } from '../files/output.ts'
import { toSquadJson } from '../squad/reading/squad-json.ts'
import type { Example } from '../squad/types.ts'
import { type DataFormat, formatOfName } from './format.ts'
import { cellText, type Examples, type RowLayout, rejectHalfCharacters, runQaLayout } from './formats/rows.ts'
import { toParquet } from './formats/to-parquet.ts'
import { toWorkbook } from './formats/workbook.ts'

export interface WriteExamplesOptions<T extends Example> extends OutputOptions {
  /** Columns and rows (default: those of run_qa.py). */
  readonly layout?: RowLayout<T>
}

/**
 * Writes a data file atomically in the format of its extension: .json (the SQuAD layout), .jsonl, .csv, .tsv, .xlsx or
 * .parquet; text formats may be followed by .gz. JSON lines and CSV are streamed, other formats are built in memory.
 * `answer_start` counts code points in the file.
 * @returns the number of questions
 * @throws UsageError if the file exists and `overwrite` is not set
 */
export async function writeExamples<T extends Example>(
  path: string,
  examples: Examples<T>,
  { layout = runQaLayout(), overwrite }: WriteExamplesOptions<T> = {},
): Promise<number> {
  const format = outputFormat(path)
  let count = 0
  const counted = async function* () {
    for await (const example of examples) {
      count++
      yield example
    }
  }
  const bytes = inPieces(writers[format](counted(), layout, path))
  // Errors of the input reach the caller through the compressed stream.
  const zipped = /\.gz$/i.test(path) ? pipeline(Readable.from(bytes), createGzip(), () => {}) : bytes
  await writeOutput(path, zipped, { overwrite })
  return count
}

type OutputFormat = Exclude<DataFormat, 'arrow'>

/** @throws UsageError for an unknown extension, or a format that cannot be written */
export function outputFormat(path: string): OutputFormat {
  const format = formatOfName(path)
  const isBinary = format === 'parquet' || format === 'xlsx'
  if (format === undefined || format === 'arrow' || (isBinary && /\.gz$/i.test(path)))
    throw new UsageError(
      `${path}: unsupported extension for an output file`,
      'Expected .json, .jsonl, .csv, .tsv, .xlsx or .parquet. Text formats may be followed by .gz.',
    )
  return format
}

type OutputPieces = AsyncGenerator<string | Uint8Array>

type Writer = <T extends Example>(examples: AsyncIterable<T>, layout: RowLayout<T>, path: string) => OutputPieces

const writers: Readonly<Record<OutputFormat, Writer>> = {
  async *json(examples, { extraOf }) {
    yield toSquadJson(await collected(examples), extraOf)
  },
  async *jsonl(examples, { rowOf }) {
    for await (const example of examples) yield `${JSON.stringify(rowOf(example))}\n`
  },
  async *csv(examples, { names, rowOf }, path) {
    const delimiter = /\.tsv(\.gz)?$/i.test(path) ? '\t' : ','
    yield `${names.map(csvName).join(delimiter)}\n`
    for await (const example of examples) {
      const row = rowOf(example)
      rejectHalfCharacters(row, example.id, path)
      yield `${names.map((name) => quoted(cellText(row[name]))).join(delimiter)}\n`
    }
  },
  async *parquet(examples, { names, rowOf }, path) {
    const rows = []
    for await (const example of examples) {
      const row = rowOf(example)
      rejectHalfCharacters(row, example.id, path)
      rows.push(row)
    }
    yield toParquet(names, rows)
  },
  async *xlsx(examples, { names, rowOf }, path) {
    const rows = [[...names]]
    for await (const example of examples) {
      const row = rowOf(example)
      rejectHalfCharacters(row, example.id, path)
      rows.push(names.map((name) => cellText(row[name])))
    }
    yield await toWorkbook(rows, path)
  },
}

const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`

/** Quotes a column name only if necessary. */
const csvName = (name: string): string => (/[",;|\t\n\r]/.test(name) ? quoted(name) : name)

async function collected<T>(examples: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const example of examples) all.push(example)
  return all
}

const PIECE_BYTES = 2 ** 20

/** Combines lines into larger chunks for fewer writes. */
async function* inPieces(pieces: OutputPieces): AsyncGenerator<Uint8Array> {
  let text = ''
  for await (const piece of pieces) {
    if (typeof piece !== 'string') {
      yield piece
      continue
    }
    text += piece
    if (text.length < PIECE_BYTES) continue
    yield Buffer.from(text)
    text = ''
  }
  if (text) yield Buffer.from(text)
}
