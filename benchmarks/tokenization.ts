/**
 * Measures how fast questions are split into windows: the first 3,000 questions in a fresh process, as in a real run, and
 * the whole file repeatedly after just-in-time compilation. Loading the tokenizer is measured separately. Times are those
 * of the processor in all threads of the process, compilation and garbage collection included. Prints JSON.
 *
 *     npx tsx benchmarks/tokenization.ts DATA MODEL [--times 5]
 */
import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import { createDataset } from '../src/squad/dataset.ts'
import { parseSquad } from '../src/squad/reading/squad-json.ts'
import type { Example } from '../src/squad/types.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { times: { type: 'string', default: '5' } },
})
const [data, model] = positionals
if (!data || !model) throw new Error('expected a SQuAD file and a model folder')

const processorSeconds = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1e6
}

const started = process.cpuUsage()
const tokenizer = await loadTokenizer(model)
const load_seconds = processorSeconds(started)
const examples = parseSquad(await readFile(data, 'utf8'), basename(data))

function cut(some: readonly Example[]) {
  const before = process.cpuUsage()
  const { windows } = createDataset(tokenizer, some, { max_seq_length: 384, doc_stride: 128 })
  const processor_seconds = processorSeconds(before)
  return {
    questions: some.length,
    windows: windows.length,
    processor_seconds,
    per_second: some.length / processor_seconds,
  }
}

const first = cut(examples.slice(0, 3000))
const later = Array.from({ length: Number(values.times) }, () => cut(examples))
console.log(
  JSON.stringify({ cpu: cpus()[0]?.model.trim(), node: process.version, load_seconds, first, later }, null, 2),
)
