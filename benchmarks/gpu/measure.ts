/**
 * Measures training and evaluation of BERT-base with random weights on a graphics card, in float32 and float16, and torch
 * on the same card if it is there. bundle.ts writes an archive of it. It first reports what the machine has, and ends within
 * --minutes (default: 8).
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { toRows } from '../../src/batching/rows.ts'
import { randomModel } from '../../src/inference/pretrained.ts'
import { parseConfig } from '../../src/models/registry.ts'
import type { Engine, Precision } from '../../src/runtime/engine.ts'
import { webgpuEntry } from '../../src/runtime/webgpu/index.ts'
import type { LabeledWindow } from '../../src/squad/types.ts'
import { parseArguments } from '../../src/training/arguments/arguments.ts'
import { Stepper } from '../../src/training/loop/stepper.ts'
import { decodeWindows } from './windows.ts'

const BATCH = 16
/** Samples per second of the notebook, on a Tesla T4 with fp16. */
const NOTEBOOK = { training: 33.03, evaluation: 186.27 }

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'gpu.json' },
    minutes: { type: 'string', default: '8' },
    layers: { type: 'string', default: '12' },
    hidden: { type: 'string', default: '768' },
    python: { type: 'string', default: 'python3' },
  },
})
const [layers, hidden] = [Number(values.layers), Number(values.hidden)]
const sizes = { num_hidden_layers: layers, hidden_size: hidden, intermediate_size: 4 * hidden }
const config = parseConfig({ model_type: 'bert', ...sizes, num_attention_heads: Math.max(1, hidden / 64) }, 'gpu')
const windows = decodeWindows(readFileSync(new URL('windows.bin', import.meta.url)))

const began = performance.now()
const secondsLeft = (): number => 60 * Number(values.minutes) - (performance.now() - began) / 1000

interface Result {
  readonly of: string
  readonly precision: string
  readonly mode: 'training' | 'evaluation'
  readonly samples_per_second: number
  readonly samples: number
  /** Seconds of the first step, which compiles. */
  readonly first_seconds: number
  /** Memory of the card that is in use, in MB, if nvidia-smi says it. */
  readonly device_megabytes?: number
}

const facts: Record<string, unknown> = { windows: windows.length, ...sizes }
const results: Result[] = []
const save = () => writeFileSync(values.out, `${JSON.stringify({ facts, results, notebook: NOTEBOOK }, null, 1)}\n`)
const say = (text: string) => console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`)

function record(result: Result): void {
  results.push(result)
  const { of, precision, mode, samples_per_second, samples, first_seconds, device_megabytes } = result
  const memory = device_megabytes === undefined ? '' : `, ${device_megabytes} MB`
  say(
    `${of}, ${precision}, ${mode}: ${samples_per_second.toFixed(2)} samples/s (${samples} samples; first step ` +
      `${first_seconds.toFixed(1)} s${memory}; notebook: ${NOTEBOOK[mode]})`,
  )
  save()
}

const query = (program: string, ...args: string[]): string | undefined => {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 20_000,
    }).trim()
  } catch {
    return undefined
  }
}

const memoryInUse = (): number | undefined => {
  const text = query('nvidia-smi', '--query-gpu=memory.used', '--format=csv,noheader,nounits')
  return text === undefined ? undefined : Number(text.split('\n')[0])
}

/** What the machine has: the card, Vulkan with shader-f16, CUDA and torch. */
async function inspect(): Promise<Engine | undefined> {
  facts.card =
    query('nvidia-smi', '--query-gpu=name,driver_version,memory.total', '--format=csv,noheader') ?? 'no nvidia-smi'
  facts.cuda = /CUDA Version: *([\d.]+)/.exec(query('nvidia-smi') ?? '')?.[1] ?? 'none'
  say(`card: ${facts.card}; CUDA: ${facts.cuda}`)
  try {
    facts.webgpu = (await webgpuEntry.inspect())?.devices[0]
    say(`Vulkan: ${JSON.stringify(facts.webgpu)}`)
    return await webgpuEntry.open('')
  } catch (error) {
    facts.webgpu = (error as Error).message
    say(`Vulkan: ${facts.webgpu}`)
  } finally {
    const version = 'import torch; print(torch.__version__, torch.cuda.is_available())'
    facts.torch = query(values.python, '-c', version) ?? 'none'
    say(`torch: ${facts.torch}`)
    save()
  }
}

/** Every 1009th window, so that the lengths of batches vary as in an epoch. */
const batchOf = (step: number): number[] =>
  Array.from({ length: BATCH }, (_, i) => ((step * BATCH + i) * 1009) % windows.length)

/** Runs steps for so many seconds after the first two. */
async function timed(seconds: number, step: (number: number) => Promise<unknown>) {
  const start = performance.now()
  await step(0)
  const first_seconds = (performance.now() - start) / 1000
  await step(1)
  let count = 0
  const from = performance.now()
  while (performance.now() - from < 1000 * seconds) await step(2 + count++)
  return {
    ...{ first_seconds, samples: count * BATCH, device_megabytes: memoryInUse() },
    samples_per_second: (1000 * count * BATCH) / (performance.now() - from),
  }
}

async function measure(engine: Engine, precision: Precision, seconds: number): Promise<void> {
  const model = randomModel(config, { engine })
  const memory = { max_seq_length: 384, doc_stride: 128, max_tokens_per_pass: 8192 }
  const rates = { learning_rate: 3e-5, weight_decay: 0.01, fp16: precision === 'float16' }
  const stepper = await Stepper.open(model, parseArguments({ ...memory, ...rates }, 'gpu'), 10_000)
  const of = `spanforge on ${engine.gpu!.name}`
  const training = await timed(seconds, (step) => stepper.step(step, [batchOf(step)], windows))
  record({ of, precision, mode: 'training', ...training })
  await stepper.release()
  await model.computeIn(precision)
  const rows = (step: number): LabeledWindow[] => batchOf(step).map((i) => windows[i])
  const evaluation = await timed(seconds / 2, (step) => model.forward(toRows(rows(step))))
  record({ of, precision, mode: 'evaluation', ...evaluation })
  await model.release()
}

function measureTorch(seconds: number): void {
  const script = new URL('time_torch.py', import.meta.url).pathname
  const settings = JSON.stringify({ windows: new URL('windows.bin', import.meta.url).pathname, ...sizes, seconds })
  const { stdout, stderr, status } = spawnSync(values.python, [script, settings], {
    encoding: 'utf8',
    timeout: 1000 * secondsLeft(),
  })
  for (const line of stdout.split('\n').filter((line) => line.startsWith('{'))) record(JSON.parse(line))
  if (status !== 0) say(`torch failed: ${stderr.trim().split('\n').at(-1)}`)
}

setTimeout(() => {
  say('out of time')
  save()
  process.exit()
}, 60_000 * Number(values.minutes))
const engine = await inspect()
const precisions = engine?.precisions ?? []
const hasTorch = String(facts.torch).endsWith('True')
// Compilation and loading take about a third of the time.
const share = (0.6 * secondsLeft()) / (1.5 * precisions.length + (hasTorch ? 3 : 0) || 1)
for (const precision of precisions) {
  if (secondsLeft() < share) break
  await measure(engine!, precision, share).catch((error: Error) => say(`${precision} failed: ${error.message}`))
}
if (hasTorch) measureTorch(share)
save()
say(`written: ${values.out}`)
process.exit()
