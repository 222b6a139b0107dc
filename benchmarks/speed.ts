/** Measures how fast spanforge trains and evaluates on the CPU of this machine. See README.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { basename } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { peakRate } from '../src/models/useful-work.ts'
import { decimal } from '../src/report/render/format.ts'
import { columns, textTable } from '../src/report/render/table.ts'
import { defaultEngine, type EngineName, engineNames } from '../src/runtime/registry.ts'
import type { OwnResult, SpeedDocument } from './speed/document.ts'
import { engineWith } from './speed/engine.ts'
import { MODELS } from './speed/models.ts'
import { runScript } from './speed/start.ts'
import type { ModeSettings } from './speed/time-mode.ts'

interface Options {
  readonly models: readonly string[]
  readonly modes: readonly ModeSettings['mode'][]
  readonly steps: number
  readonly questions: number
  readonly threads: number
  readonly engine: EngineName
  readonly bf16: boolean
  readonly max_tokens_per_pass: readonly number[]
  readonly gradient_checkpointing: boolean
  readonly json?: boolean
  readonly out?: string
}

const timeMode = (settings: ModeSettings): OwnResult =>
  runScript('./time-mode.ts', settings, `in mode ${settings.mode}`)

async function measure(train_file: string, folder: string, options: Options): Promise<SpeedDocument> {
  const { questions, steps, threads, engine, bf16, gradient_checkpointing } = options
  const precision = bf16 ? 'bfloat16' : 'float32'
  const peak_gflop_per_second = await peakRate(await engineWith({ threads, precision }, engine))
  console.error(`peak: ${decimal(peak_gflop_per_second, 1)} GFLOP/s`)
  const results: OwnResult[] = []
  for (const model of options.models)
    for (const mode of options.modes)
      for (const max_tokens_per_pass of options.max_tokens_per_pass) {
        const data = { train_file, folder, questions }
        const computing = { threads, engine, bf16, max_tokens_per_pass, gradient_checkpointing }
        const result = timeMode({ ...data, model, mode, steps, ...computing })
        const { samples_per_second, peak_resident_bytes } = result.training
        console.error(
          `${model} ${mode} ${max_tokens_per_pass}: training ${decimal(samples_per_second)} samples/s, ` +
            `${decimal(peak_resident_bytes / 1e9)} GB, evaluation ${decimal(result.evaluation.samples_per_second)} samples/s`,
        )
        results.push(result)
      }
  return {
    cpu: cpuName(),
    cores: cpus().length,
    node: process.versions.node,
    onnxruntime: createRequire(import.meta.url)('onnxruntime-node/package.json').version,
    train_file: basename(train_file),
    peak_gflop_per_second,
    results,
  }
}

/** The CPU name, as in bench_torch.py. */
const cpuName = (): string => /^model name\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown'

function toText({ cpu, cores, peak_gflop_per_second: peak, results }: SpeedDocument): string {
  const titles = columns('Model', 'Batches', '>Tokens per pass', '>Samples/s', '>Real tokens/s', '>GFLOP/s', '>Of peak',
    '>Peak memory', '>Evaluation samples/s', '>GFLOP/s', '>Of peak') // biome-ignore format: a heading is one line
  const share = (gflop: number) => `${decimal((100 * gflop) / peak, 0)} %`
  const rows = results.map(({ model, mode, max_tokens_per_pass, training, evaluation }) => [
    model,
    mode,
    String(max_tokens_per_pass),
    decimal(training.samples_per_second),
    decimal(training.real_tokens_per_second, 0),
    decimal(training.gflop_per_second, 1),
    share(training.gflop_per_second),
    `${decimal(training.peak_resident_bytes / 1e9)} GB`,
    decimal(evaluation.samples_per_second),
    decimal(evaluation.gflop_per_second, 1),
    share(evaluation.gflop_per_second),
  ])
  const machine = `${cpu}, ${cores} cores; matrix products at most ${decimal(peak, 1)} GFLOP/s`
  return `${machine}\n\n${textTable({ columns: titles, rows })}`
}

const positive = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('expected an integer of at least 1')
  return value
}
const list = (text: string, before: readonly number[] | undefined): number[] => [...(before ?? []), positive(text)]

await new Command('speed')
  .argument('<train_file>', 'SQuAD v1.1 JSON; windows of 384 tokens, stride 128')
  .argument('<folder>', 'Hugging Face folder: the second model, and the tokenizer of both')
  .addOption(
    new Option('--models <models...>', 'all but folder have random weights')
      .choices(MODELS)
      .default(['bert-base', 'folder']),
  )
  .addOption(
    new Option('--modes <modes...>', 'batches in random order, or of windows of similar length')
      .choices(['shuffled', 'grouped'])
      .default(['shuffled', 'grouped']),
  )
  .option('--steps <n>', 'timed steps', positive, 6)
  .option('--questions <n>', 'number of questions from the file', positive, 3000)
  .option('--threads <n>', 'threads per operator; 0 uses all cores', Number, 0)
  .addOption(new Option('--engine <name>', 'engine to measure').choices(engineNames()).default(defaultEngine.name))
  .option('--bf16', 'use bfloat16 in matrix products', false)
  .option('--max_tokens_per_pass <n...>', 'limits to measure', list)
  .option('--gradient_checkpointing', 'compute each layer again for its gradient', false)
  .option('--json', 'print the document instead of a table')
  .option('--out <file>', 'also write the document to a file')
  .action(async (train_file: string, folder: string, options: Options) => {
    const document = await measure(train_file, folder, {
      ...options,
      max_tokens_per_pass: options.max_tokens_per_pass ?? [1536],
    })
    const json = JSON.stringify(document, null, 1)
    if (options.out) writeFileSync(options.out, `${json}\n`)
    console.log(options.json ? json : toText(document))
  })
  .parseAsync()
