import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Command, Option } from 'commander'
import { SpanforgeError } from '../src/errors.ts'
import { columns, textTable } from '../src/report/render/table.ts'
import type { EngineName } from '../src/runtime/registry.ts'
import type { Result, TorchDocument } from './speed/document.ts'
import { runScript } from './speed/start.ts'
import type { ModeSettings } from './speed/time-mode.ts'

/** Compares spanforge with torch on this processor, in alternating runs, in less than ten minutes. See README.md. */

interface Options {
  readonly models: readonly Comparison['model'][]
  readonly precisions: readonly ('bfloat16' | 'float32')[]
  readonly python: string
  readonly pairs: number
  readonly steps: number
  readonly minutes: number
}

/** What is compared: a model in a precision, on each engine, with torch in its fastest mode. */
interface Comparison {
  readonly model: 'folder' | 'bert-base'
  readonly torch: 'longest-bf16' | 'longest-fp32'
  readonly engines: readonly EngineName[]
  readonly pairs: number
}

const INSTRUCTIONS = ['avx2', 'avx512f', 'avx512_bf16', 'amx_bf16'] as const
const has = (instruction: (typeof INSTRUCTIONS)[number]): boolean =>
  new RegExp(`^flags\\s*:.*\\b${instruction}\\b`, 'm').test(readFileSync('/proc/cpuinfo', 'utf8'))

const MODELS = { folder: 'MiniLM-L6', 'bert-base': 'BERT-base' } as const

function comparisons({ models, precisions, pairs }: Options): Comparison[] {
  const float32 = (model: Comparison['model']): Comparison => ({
    ...{ model, torch: 'longest-fp32', engines: ['onnxruntime', 'onednn'] },
    pairs: Math.min(pairs, 2),
  })
  const bfloat16 = (model: Comparison['model']): Comparison => ({
    ...{ model, torch: 'longest-bf16', engines: ['onednn'], pairs },
  })
  return precisions.flatMap((precision) => {
    if (precision === 'float32') return models.map(float32)
    return has('avx512f') ? models.map(bfloat16) : []
  })
}

function timeTorch(train_file: string, folder: string, { model, torch }: Comparison, options: Options): Result {
  const script = fileURLToPath(new URL('python/bench_torch.py', import.meta.url))
  const { status, stdout, error } = spawnSync(
    options.python,
    [script, train_file, folder, '--models', model, '--modes', torch, '--steps', String(options.steps), '--tcmalloc'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 26 },
  )
  if (status !== 0)
    throw new SpanforgeError(`torch failed (${error?.message ?? `exit code ${status}`})`, {
      remedy: 'Set up its environment as in benchmarks/python/README.md, and name its interpreter with --python.',
    })
  return (JSON.parse(stdout) as TorchDocument).results[0]
}

function timeOwn(train_file: string, folder: string, { model, torch }: Comparison, engine: EngineName, steps: number) {
  const settings: ModeSettings = {
    ...{ train_file, folder, model, steps, engine },
    ...{ questions: 3000, mode: 'grouped', threads: 0, bf16: torch === 'longest-bf16', max_tokens_per_pass: 1536 },
  }
  return runScript<Result>('./time-mode.ts', settings, `on ${engine}`)
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2
}

function rowOf(comparison: Comparison, name: string, results: readonly Result[], torch: readonly Result[]): string[] {
  const rate = (part: 'training' | 'evaluation') => (result: Result) => result[part].samples_per_second
  const times = (part: 'training' | 'evaluation') =>
    median(results.map((result, i) => rate(part)(result) / rate(part)(torch[i]))).toFixed(2)
  const memory = Math.max(...results.map(({ training }) => training.peak_resident_bytes)) / 1e9
  return [
    MODELS[comparison.model],
    name,
    String(results.length),
    ...[median(results.map(rate('training'))).toFixed(1), times('training')],
    ...[median(results.map(rate('evaluation'))).toFixed(1), times('evaluation')],
    `${memory.toFixed(1)} GB`,
  ]
}

function measure(train_file: string, folder: string, options: Options): void {
  const end = performance.now() + 60_000 * options.minutes
  const found = INSTRUCTIONS.filter(has).join(', ')
  console.log(`${cpus()[0].model.trim()}, ${cpus().length} cores, with ${found || 'neither AVX2 nor AVX-512'}\n`)
  const rows: string[][] = []
  for (const comparison of comparisons(options)) {
    const torch: Result[] = []
    const own = comparison.engines.map((): Result[] => [])
    for (let pair = 0; pair < comparison.pairs && performance.now() < end; pair++) {
      for (const [i, engine] of comparison.engines.entries())
        own[i].push(timeOwn(train_file, folder, comparison, engine, options.steps))
      torch.push(timeTorch(train_file, folder, comparison, options))
    }
    if (torch.length === 0) continue
    const precision = comparison.torch === 'longest-bf16' ? 'bfloat16' : 'float32'
    rows.push(rowOf(comparison, `torch, ${precision}`, torch, torch))
    for (const [i, engine] of comparison.engines.entries())
      rows.push(rowOf(comparison, `spanforge, ${precision}, ${engine}`, own[i], torch))
  }
  const titles = columns('Model', 'Engine', '>Runs', '>Training samples/s', '>x torch', '>Evaluation samples/s', '>x torch',
    '>Peak memory') // biome-ignore format: a heading is one line
  console.log(textTable({ columns: titles, rows }))
}

await new Command('processor')
  .argument('<train_file>', 'SQuAD v1.1 JSON')
  .argument('<folder>', 'folder of MiniLM-L6; BERT-base has random weights')
  .addOption(
    new Option('--models <models...>', 'models to compare').choices(Object.keys(MODELS)).default(Object.keys(MODELS)),
  )
  .addOption(
    new Option('--precisions <precisions...>', 'precisions to compare')
      .choices(['bfloat16', 'float32'])
      .default(['bfloat16', 'float32']),
  )
  .option('--python <file>', 'interpreter that has torch', 'python3')
  .option('--pairs <n>', 'alternating runs of each comparison in bfloat16; float32 has at most two', Number, 5)
  .option('--steps <n>', 'timed steps of each run', Number, 4)
  .option('--minutes <n>', 'no run starts after this time', Number, 9)
  .action(measure)
  .parseAsync()
