import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { UsageError } from '../errors.ts'
import { type OutputOptions, writeOutput } from '../files/output.ts'
import { toSquadJson } from '../squad/reading/squad-json.ts'
import type { Example } from '../squad/types.ts'
import { type DataFormat, formatOfName } from './format.ts'
import { cellText, type Examples, type RowLayout, refuseHalfCharacters, runQaLayout } from './rows.ts'
import { toParquet } from './to-parquet.ts'
import { toWorkbook } from './workbook.ts'

export interface WriteExamplesOptions<T extends Example> extends OutputOptions {
  /** Columns and rows: by default those of run_qa.py. */
  readonly layout?: RowLayout<T>
}

/**
 * Writes a data file, whole or not at all, in the format that its name says: .json (SQuAD's layout), .jsonl, .csv, .tsv,
 * .xlsx or .parquet, the text formats also with .gz. JSON lines and CSV are written as the examples come, the others are
 * held in memory. `answer_start` counts code points there. The columns are those of run_qa.py by default.
 * @returns the number of questions
 * @throws UsageError if the file exists and is not to be overwritten
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
  // An error of what is compressed comes out of the compression.
  const zipped = /\.gz$/i.test(path) ? pipeline(Readable.from(bytes), createGzip(), () => {}) : bytes
  await writeOutput(path, zipped, { overwrite })
  return count
}

type OutputFormat = Exclude<DataFormat, 'arrow'>

/** @throws UsageError for a name that says no format, or one that is only read */
export function outputFormat(path: string): OutputFormat {
  const format = formatOfName(path)
  const isBinary = format === 'parquet' || format === 'xlsx'
  if (format === undefined || format === 'arrow' || (isBinary && /\.gz$/i.test(path)))
    throw new UsageError(
      `${path}: its name does not say in which format to write it`,
      'Let it end with .json, .jsonl, .csv, .tsv, .xlsx or .parquet; the text formats may have .gz after that.',
    )
  return format
}

type Pieces = AsyncGenerator<string | Uint8Array>

type Writer = <T extends Example>(examples: AsyncIterable<T>, layout: RowLayout<T>, path: string) => Pieces

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
      refuseHalfCharacters(row, example.id, path)
      yield `${names.map((name) => quoted(cellText(row[name]))).join(delimiter)}\n`
    }
  },
  async *parquet(examples, { names, rowOf }, path) {
    const rows = []
    for await (const example of examples) {
      const row = rowOf(example)
      refuseHalfCharacters(row, example.id, path)
      rows.push(row)
    }
    yield toParquet(names, rows)
  },
  async *xlsx(examples, { names, rowOf }, path) {
    const rows = [[...names]]
    for await (const example of examples) {
      const row = rowOf(example)
      refuseHalfCharacters(row, example.id, path)
      rows.push(names.map((name) => cellText(row[name])))
    }
    yield await toWorkbook(rows, path)
  },
}

const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`

/** Names are only quoted where they need it. */
const csvName = (name: string): string => (/[",;|\t\n\r]/.test(name) ? quoted(name) : name)

async function collected<T>(examples: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const example of examples) all.push(example)
  return all
}

const PIECE_BYTES = 2 ** 20

/** Lines gathered into pieces that are worth a write each. */
async function* inPieces(pieces: Pieces): AsyncGenerator<Uint8Array> {
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
