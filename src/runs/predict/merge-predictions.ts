import { open } from 'node:fs/promises'
import { z } from 'zod'
import { SpanforgeError } from '../../errors.ts'
import { checkOutputs, type OutputOptions, writeOutput } from '../../files/output.ts'
import { parsedLines } from '../shards/block-journal.ts'
import { checkShards, type FoundShard, modified, partOf } from '../shards/shard-manifest.ts'
import { runQaContents, runQaPaths } from './run-qa-outputs.ts'

/** What `spanforge merge --json` prints about a prediction. */
export interface MergedPrediction {
  readonly command: 'predict'
  readonly shards: number
  readonly files: readonly string[]
  readonly questions: number
  readonly failed: number
  readonly windows: number
}

const COUNT = z.int().nonnegative()
const FACTS = z.object({
  questions: COUNT,
  failed: COUNT,
  windows: COUNT,
  blocks: z.array(z.tuple([COUNT, COUNT])).default([]),
})

/** Merges the shards of a prediction. The output has the same bytes as that of a single process. */
export async function mergePredictions(
  output: string,
  found: readonly FoundShard[],
  options: OutputOptions,
): Promise<MergedPrediction> {
  const shards = await checkShards(found)
  const facts = shards.map((shard) => partOf(shard, 'facts', FACTS))
  const total = (name: 'questions' | 'failed' | 'windows') => facts.reduce((sum, one) => sum + one[name], 0)
  if (total('questions') !== shards[0].units)
    throw modified(`the shards have ${total('questions')} answers, but the data has ${shards[0].units} questions`)
  const { settings } = shards[0]
  const isRunQa = settings.postprocess === 'run_qa'
  const files = isRunQa ? runQaPaths(output, settings.handle_impossible_answer === true) : [output]
  const inputs = shards.flatMap(({ lines, manifest }) => [lines, manifest])
  checkOutputs(files, { ...options, inputs })
  const blocks = facts.map(({ blocks }) => blocks)
  const contents = isRunQa
    ? runQaContents(() => linesOf(shards, blocks), files)
    : ([[output, bytesOf(shards, blocks)]] as const)
  for (const [path, content] of contents) await writeOutput(path, content, options)
  const counts = { questions: total('questions'), failed: total('failed'), windows: total('windows') }
  return { command: 'predict', shards: shards.length, files, ...counts }
}

type Blocks = readonly (readonly [questions: number, bytes: number])[]

/** Block b of the whole job is the next one of shard b modulo n. */
function* inTurn(blocks: readonly Blocks[]): Generator<readonly [shard: number, block: Blocks[number]]> {
  const longest = Math.max(...blocks.map(({ length }) => length))
  for (let i = 0; i < longest; i++)
    for (const [shard, own] of blocks.entries()) if (i < own.length) yield [shard, own[i]]
}

async function* bytesOf(shards: readonly FoundShard[], blocks: readonly Blocks[]): AsyncGenerator<Uint8Array> {
  const places = shards.map(() => 0)
  for (const [shard, [, bytes]] of inTurn(blocks)) {
    yield await piece(shards[shard].lines, places[shard], bytes)
    places[shard] += bytes
  }
}

/** Reads a part of a file, which is opened only briefly because there may be thousands of shards. */
async function piece(path: string, position: number, length: number): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const bytes = Buffer.alloc(length)
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(bytes, done, length - done, position + done)
      if (bytesRead === 0) throw new SpanforgeError(`${path}: was truncated while it was being read`)
      done += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

async function* linesOf(shards: readonly FoundShard[], blocks: readonly Blocks[]): AsyncGenerator<unknown> {
  const readers = shards.map(({ lines }) => parsedLines(lines))
  for (const [shard, [questions]] of inTurn(blocks))
    for (let i = 0; i < questions; i++) yield (await readers[shard].next()).value
}
