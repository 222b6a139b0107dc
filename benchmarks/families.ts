/** Compares training steps of each architecture with torch's, on the same windows, in a Markdown table. See README.md. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, Option } from 'commander'
import { SpanforgeError } from '../src/errors.ts'
import { decimal } from '../src/report/render/format.ts'
import { defaultEngine, type EngineName } from '../src/runtime/registry.ts'
import type { OwnResult, Result, TorchDocument } from './speed/document.ts'
import { FAMILIES, titleOf } from './speed/models.ts'
import { runScript } from './speed/start.ts'
import type { ModeSettings } from './speed/time-mode.ts'

interface Options {
  readonly models: readonly string[]
  readonly steps: number
  readonly questions: number
  readonly python: string
  readonly bf16: boolean
  readonly out?: string
  readonly append: boolean
}

interface Row {
  readonly model: string
  readonly ours: readonly OwnResult[]
  readonly torch: readonly Result[]
}

function measureOurs(data: Pick<ModeSettings, 'train_file' | 'folder' | 'questions'>, model: string, options: Options) {
  const time = (engine: EngineName, bf16: boolean): OwnResult => {
    const computing = { engine, bf16, threads: 0, max_tokens_per_pass: 1024 }
    const settings: ModeSettings = { ...data, model, mode: 'grouped', steps: options.steps, ...computing }
    const result = runScript<OwnResult>('./time-mode.ts', settings, `on ${engine}`)
    report(`spanforge, ${engine}, ${bf16 ? 'bfloat16' : 'float32'}`, result)
    return result
  }
  return [time(defaultEngine.name as EngineName, false), ...(options.bf16 ? [time('onednn', true)] : [])]
}

function measureTorch(train_file: string, folder: string, model: string, options: Options): readonly Result[] {
  const script = fileURLToPath(new URL('./python/bench_torch.py', import.meta.url))
  const modes = ['longest-fp32', ...(options.bf16 ? ['longest-bf16'] : [])]
  const { status, stdout } = spawnSync(
    options.python,
    [
      ...[script, train_file, folder, '--models', model, '--modes', ...modes, '--steps', String(options.steps)],
      ...['--questions', String(options.questions), '--attention', 'sdpa', 'eager', '--tcmalloc'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 26 },
  )
  if (status !== 0) throw new SpanforgeError(`${model}: bench_torch.py failed with exit code ${status}`)
  return (JSON.parse(stdout.toString()) as TorchDocument).results
}

const report = (what: string, { model, training }: Result): void =>
  console.error(
    `${model}, ${what}: ${decimal(training.samples_per_second)} samples/s, ` +
      `${decimal(training.peak_resident_bytes / 1e9)} GB`,
  )

/** @throws SpanforgeError if spanforge and torch did not measure the same model and windows */
function checkSame({ model, ours, torch }: Row): void {
  for (const a of ours)
    for (const b of torch) {
      const [windows, theirs] = [a, b].map(({ training }) => String(training.steps.map((step) => step.windows)))
      if (a.parameters !== b.parameters)
        throw new SpanforgeError(`${model}: ${a.parameters} parameters here, but ${b.parameters} with torch`)
      if (windows !== theirs) throw new SpanforgeError(`${model}: the windows of the steps differ`)
    }
}

function table(rows: readonly Row[]): string {
  const rate = (result?: Result) => (result ? decimal(result.training.samples_per_second) : '-')
  const times = (ours?: Result, torch?: Result) =>
    ours && torch ? decimal(ours.training.samples_per_second / torch.training.samples_per_second) : '-'
  const memory = (result?: Result) => (result ? `${decimal(result.training.peak_resident_bytes / 1e9, 1)} GB` : '-')
  const lines = rows.map(({ model, ours: [float32, bf16], torch: [torch32, torch16] }) => {
    const cells = [
      titleOf(model),
      ...[rate(torch32), rate(float32), times(float32, torch32)],
      ...[rate(torch16), rate(bf16), times(bf16, torch16)],
      ...[memory(torch32), memory(float32)],
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| | torch, float32 | spanforge, float32 | times | torch, bfloat16 | spanforge, bfloat16 | times | memory of torch | of spanforge |',
    '|---|--:|--:|--:|--:|--:|--:|--:|--:|',
    ...lines,
  ].join('\n')
}

/** @throws SpanforgeError if the results in --out are from another processor */
function earlierRows({ out, append }: Options, cpu: string): readonly Row[] {
  if (!append || !out || !existsSync(out)) return []
  const earlier: { readonly cpu: string; readonly rows: readonly Row[] } = JSON.parse(readFileSync(out, 'utf8'))
  if (earlier.cpu !== cpu) throw new SpanforgeError(`${out}: results of ${earlier.cpu}, but this is ${cpu}`)
  return earlier.rows
}

const positive = (text: string): number => Math.max(1, Math.floor(Number(text)))

await new Command('families')
  .argument('<train_file>', 'SQuAD v1.1 JSON; windows of 384 tokens, stride 128')
  .argument('<folder>', 'Hugging Face folder with the tokenizer of all models')
  .addOption(new Option('--models <models...>', 'models to measure').choices(FAMILIES).default(FAMILIES))
  .option('--steps <n>', 'timed steps', positive, 3)
  .option('--questions <n>', 'number of questions from the file', positive, 3000)
  .option('--python <file>', 'Python with torch and transformers', process.env.SPANFORGE_PYTHON ?? 'python3')
  .option('--no-bf16', 'only float32')
  .option('--out <file>', 'write the results as JSON, after each model')
  .option('--append', 'keep the results of other models in --out, and include them in the table', false)
  .action((train_file: string, folder: string, options: Options) => {
    const cpu = /^model name\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown'
    const rows = new Map(earlierRows(options, cpu).map((row) => [row.model, row]))
    for (const model of options.models) {
      const ours = measureOurs({ train_file, folder, questions: options.questions }, model, options)
      const row = { model, ours, torch: measureTorch(train_file, folder, model, options) }
      checkSame(row)
      rows.set(model, row)
      if (options.out) writeFileSync(options.out, `${JSON.stringify({ cpu, rows: [...rows.values()] }, null, 1)}\n`)
    }
    const measured = FAMILIES.flatMap((model) => rows.get(model) ?? [])
    console.log(`Training samples/s on ${cpu}.\n\n${table(measured)}`)
  })
  .parseAsync()
