import { existsSync, realpathSync } from 'node:fs'
import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { writeFileAtomic } from '../checkpoint/atomic.ts'
import { UsageError } from '../errors.ts'
import { toSquadJson } from '../squad/squad-json.ts'
import type { Example } from '../squad/types.ts'
import { type DataFormat, formatOfName } from './format.ts'
import type { DataSource } from './read-examples.ts'
import { refuseHalfCharacters, rowMaker } from './rows.ts'
import { toParquet } from './to-parquet.ts'

type Examples = Iterable<Example> | AsyncIterable<Example>

/**
 * Writes a data file, whole or not at all, in the format that its name tells: .json (SQuAD's layout), .jsonl, .csv, .tsv
 * or .parquet, the text formats also with .gz. JSON lines and CSV are written as the examples come, the others are held
 * in memory. `answer_start` counts code points there.
 * @returns the number of questions
 */
export async function writeExamples(path: string, examples: Examples): Promise<number> {
  const format = outputFormat(path)
  let count = 0
  const counted = async function* () {
    for await (const example of examples) {
      count++
      yield example
    }
  }
  const bytes = inPieces(WRITERS[format](counted(), path))
  // An error of what is compressed comes out of the compression.
  const zipped = /\.gz$/i.test(path) ? pipeline(Readable.from(bytes), createGzip(), () => {}) : bytes
  await writeFileAtomic(path, zipped)
  return count
}

/** @throws UsageError for a name that tells no format */
export function outputFormat(path: string): DataFormat {
  const format = formatOfName(path)
  if (format === undefined || (format === 'parquet' && /\.gz$/i.test(path)))
    throw new UsageError(
      `${path}: its name does not say in which format to write it`,
      'Let it end with .json, .jsonl, .csv, .tsv or .parquet; the text formats may have .gz after that.',
    )
  return format
}

/**
 * A file is not written over the one that it is made of.
 * @throws UsageError where `path` is of the `source`
 */
export function refuseSource(path: string, source: DataSource): void {
  if (!existsSync(path)) return
  const own = realpathSync(path)
  if ([source].flat().some((file) => existsSync(file) && realpathSync(file) === own))
    throw new UsageError(`${path}: is the file that is read, and would be lost`, 'Write to another one.')
}

type Pieces = AsyncGenerator<string | Uint8Array>

const WRITERS: Readonly<Record<DataFormat, (examples: AsyncIterable<Example>, path: string) => Pieces>> = {
  async *json(examples) {
    yield toSquadJson(await collected(examples))
  },
  async *jsonl(examples) {
    const rowOf = rowMaker()
    for await (const example of examples) yield `${JSON.stringify(rowOf(example))}\n`
  },
  async *csv(examples, path) {
    const delimiter = /\.tsv(\.gz)?$/i.test(path) ? '\t' : ','
    const rowOf = rowMaker()
    yield `${['id', 'title', 'context', 'question', 'answers'].join(delimiter)}\n`
    for await (const example of examples) {
      refuseHalfCharacters(example, path)
      const { id, title = '', context, question, answers } = rowOf(example)
      const fields = [id, title, context, question, JSON.stringify(answers)]
      yield `${fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(delimiter)}\n`
    }
  },
  async *parquet(examples, path) {
    const rowOf = rowMaker()
    const all = await collected(examples)
    for (const example of all) refuseHalfCharacters(example, path)
    yield toParquet(all.map(rowOf))
  },
}

async function collected(examples: AsyncIterable<Example>): Promise<Example[]> {
  const all: Example[] = []
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
