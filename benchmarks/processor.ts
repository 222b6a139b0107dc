/** Compares spanforge with torch on this processor, in alternating runs, in less than ten minutes. See README.md. */
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError, Option } from 'commander'
import { SpanforgeError } from '../src/errors.ts'
import { columns, textTable } from '../src/report/render/table.ts'
import { type EngineName, openEngine } from '../src/runtime/registry.ts'
import type { Result, TorchDocument } from './speed/document.ts'
import { limitInstructions, processorInstructions, SETS } from './speed/instructions.ts'
import { runScript } from './speed/start.ts'
import type { ModeSettings } from './speed/time-mode.ts'

type Precision = 'bfloat16' | 'float32'

interface Options {
  readonly models: readonly (keyof typeof MODELS)[]
  readonly precisions: readonly Precision[]
  readonly instructions?: string
  readonly python: string
  /** Commander sets this to false for --no-torch. */
  readonly torch: boolean
  readonly pairs: number
  readonly steps: number
  readonly minutes: number
}

const MODELS = { folder: 'MiniLM-L6', 'bert-base': 'BERT-base' } as const

/** A model in a precision, on each engine, beside torch in its fastest mode. */
interface Comparison {
  readonly model: keyof typeof MODELS
  readonly precision: Precision
  readonly engines: readonly EngineName[]
  /** One list for each engine, and then torch's. The results of a round have the same index in all. */
  readonly results: Result[][]
  /** Time of the slowest round. */
  milliseconds: number
}

const ENGINES: Readonly<Record<Precision, readonly EngineName[]>> = {
  bfloat16: ['onednn'],
  float32: ['onnxruntime', 'onednn'],
}

function comparisons({ models, precisions, torch }: Options): Comparison[] {
  return precisions.flatMap((precision) =>
    models.map((model) => {
      const engines = ENGINES[precision]
      const results = Array.from({ length: engines.length + (torch ? 1 : 0) }, (): Result[] => [])
      return { model, precision, engines, results, milliseconds: 0 }
    }),
  )
}

interface Data {
  readonly train_file: string
  readonly folder: string
}

function timeTorch({ train_file, folder }: Data, { model, precision }: Comparison, options: Options, end: number) {
  const script = fileURLToPath(new URL('python/bench_torch.py', import.meta.url))
  const mode = precision === 'bfloat16' ? 'longest-bf16' : 'longest-fp32'
  const { status, stdout, error } = spawnSync(
    options.python,
    [script, train_file, folder, '--models', model, '--modes', mode, '--steps', String(options.steps), '--tcmalloc'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 26, timeout: remaining(end) },
  )
  if (status !== 0)
    throw new SpanforgeError(`torch failed (${error?.message ?? `exit code ${status}`})`, {
      remedy:
        'Set up its environment as in benchmarks/python/README.md and name its interpreter with --python, or use --no-torch.',
    })
  return (JSON.parse(stdout) as TorchDocument).results[0]
}

function timeOwn(data: Data, { model, precision }: Comparison, engine: EngineName, { steps }: Options, end: number) {
  const settings: ModeSettings = {
    ...{ ...data, model, steps, engine, bf16: precision === 'bfloat16' },
    ...{ questions: 3000, mode: 'grouped', threads: 0, max_tokens_per_pass: 1536 },
  }
  return runScript<Result>('./time-mode.ts', settings, `on ${engine}`, remaining(end))
}

const remaining = (end: number): number => Math.max(1, Math.round(end - performance.now()))

/** Measures each engine and torch once. A round that does not end in time is discarded. */
function measureRound(data: Data, comparison: Comparison, options: Options, end: number): void {
  const start = performance.now()
  const round = () => [
    ...comparison.engines.map((engine) => timeOwn(data, comparison, engine, options, end)),
    ...(options.torch ? [timeTorch(data, comparison, options, end)] : []),
  ]
  try {
    for (const [i, result] of round().entries()) comparison.results[i].push(result)
  } catch (error) {
    if (performance.now() < end) throw error
  }
  comparison.milliseconds = Math.max(comparison.milliseconds, performance.now() - start)
}

/** One round of each comparison, then further rounds of those that fit into the time. */
function measureAll(data: Data, all: readonly Comparison[], options: Options): void {
  const end = performance.now() + 60_000 * options.minutes
  for (let round = 0; round < options.pairs; round++)
    for (const comparison of all)
      if (performance.now() + comparison.milliseconds < end) measureRound(data, comparison, options, end)
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2
}

function rowOf(name: string, results: readonly Result[], torch: readonly Result[] | undefined): string[] {
  const rate = (part: 'training' | 'evaluation') => (result: Result) => result[part].samples_per_second
  const times = (part: 'training' | 'evaluation') =>
    torch ? median(results.map((result, i) => rate(part)(result) / rate(part)(torch[i]))).toFixed(2) : '-'
  const memory = Math.max(...results.map(({ training }) => training.peak_resident_bytes)) / 1e9
  return [
    ...[name, String(results.length)],
    ...[median(results.map(rate('training'))).toFixed(1), times('training')],
    ...[median(results.map(rate('evaluation'))).toFixed(1), times('evaluation')],
    `${memory.toFixed(1)} GB`,
  ]
}

function rowsOf({ model, precision, engines, results }: Comparison, hasTorch: boolean): string[][] {
  const torch = hasTorch ? results.at(-1) : undefined
  const names = [...engines.map((engine) => `spanforge, ${engine}`), 'torch']
  return results.map((own, i) => [MODELS[model], precision, ...rowOf(names[i], own, torch)])
}

const title = ({ model, precision }: Comparison): string => `${MODELS[model]} in ${precision}`

/** Removes bfloat16 if oneDNN does not compute in it here, and says why. */
async function possible(options: Options): Promise<Options> {
  const { device, precisions, lacks } = await openEngine('onednn')
  console.log(`oneDNN: ${device}`)
  if (precisions.includes('bfloat16') || !options.precisions.includes('bfloat16')) return options
  console.log(`Not measured: bfloat16. ${lacks?.bfloat16}.`)
  return { ...options, precisions: options.precisions.filter((precision) => precision !== 'bfloat16') }
}

async function measure(train_file: string, folder: string, chosen: Options): Promise<void> {
  const start = performance.now()
  console.log(`${cpus()[0].model.trim()}, ${cpus().length} cores: ${processorInstructions()}`)
  if (chosen.instructions) {
    limitInstructions(chosen.instructions)
    console.log(`Both libraries are limited to ${chosen.instructions}.`)
  }
  const options = await possible(chosen)
  if (!options.torch) console.log('Not measured: torch (--no-torch), so there are no ratios.')
  const all = comparisons(options)
  measureAll({ train_file, folder }, all, options)
  const measured = all.filter(({ results }) => results[0].length > 0)
  const titles = columns('Model', 'Precision', 'Engine', '>Runs', '>Training samples/s', '>x torch',
    '>Evaluation samples/s', '>x torch', '>Peak memory') // biome-ignore format: a heading is one line
  const rows = measured.flatMap((comparison) => rowsOf(comparison, options.torch))
  if (rows.length > 0) console.log(`\n${textTable({ columns: titles, rows })}\n`)
  const missing = all.filter((comparison) => !measured.includes(comparison))
  if (missing.length > 0) console.log(`Not measured, for want of time: ${missing.map(title).join(', ')}`)
  console.log(`${((performance.now() - start) / 60_000).toFixed(1)} minutes`)
}

function positive(value: string): number {
  if (Number(value) > 0) return Number(value)
  throw new InvalidArgumentError('Expected a positive number.')
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
  .addOption(
    new Option('--instructions <set>', 'instruction set to limit both libraries to, as on an older processor').choices(
      Object.keys(SETS),
    ),
  )
  .option('--python <file>', 'interpreter that has torch', 'python3')
  .option('--no-torch', 'measure spanforge alone')
  .option('--pairs <n>', 'maximum number of alternating runs of each comparison', positive, 5)
  .option('--steps <n>', 'timed steps of each run', positive, 4)
  .option('--minutes <n>', 'stop after this time', positive, 9)
  .action(measure)
  .parseAsync()
