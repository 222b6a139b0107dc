/**
 * Measures how the cost per token and the memory grow with the data, batch size, epochs and pass size. See README.md.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { basename } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { byteSize, count, decimal } from '../src/report/render/format.ts'
import { columns, textTable } from '../src/report/render/table.ts'
import type { ScalingDocument, ScalingPoint } from './speed/document.ts'
import { runScript } from './speed/start.ts'
import type { ScalingSettings } from './speed/time-scaling.ts'

const EXPERIMENTS = ['shares', 'batches', 'epochs', 'passes'] as const
type Experiment = (typeof EXPERIMENTS)[number]

interface Options {
  readonly only: readonly Experiment[]
  readonly shares: readonly number[]
  readonly batches: readonly number[]
  readonly passes: readonly number[]
  readonly epochs: number
  readonly steps: number
  readonly windows: number
  readonly passes_model: string
  readonly json?: boolean
  readonly out?: string
}

const USUAL = { share: 100, batch_size: 16, max_tokens_per_pass: 1024 }

/** The runs of each experiment. All settings have their usual values except the one under test. */
function plan(options: Options): Record<Experiment, Partial<ScalingSettings>[]> {
  const { shares, batches, passes, epochs, windows } = options
  return {
    shares: shares.map((share) => ({ share })),
    // The same number of windows for every size, and at least --steps steps, because dropout masks are redrawn every 16
    // steps.
    batches: batches.map((size) => ({ batch_size: size, steps: Math.max(options.steps, Math.ceil(windows / size)) })),
    epochs: [{ share: shares[0], epochs }],
    passes: passes.map((max_tokens_per_pass) => ({ max_tokens_per_pass, model: options.passes_model })),
  }
}

function measure(train_file: string, folder: string, options: Options): ScalingDocument {
  const runs = plan(options)
  const points = (experiment: Experiment): ScalingPoint[] =>
    (options.only.includes(experiment) ? runs[experiment] : []).map((run) => {
      const settings = { train_file, folder, model: 'folder', ...USUAL, steps: options.steps, ...run }
      const point = runScript<ScalingPoint>('./time-scaling.ts', settings, JSON.stringify(run))
      console.error(`${experiment} ${JSON.stringify(run)}: ${costOf(point)} microseconds a token`)
      return point
    })
  return {
    cpu: /^model name\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown',
    cores: cpus().length,
    node: process.versions.node,
    onnxruntime: createRequire(import.meta.url)('onnxruntime-node/package.json').version,
    ...{ train_file: basename(train_file), folder: basename(folder) },
    ...{ shares: points('shares'), batches: points('batches'), epochs: points('epochs'), passes: points('passes') },
  }
}

const cost = ({ seconds, tokens }: ScalingPoint): number => (1e6 * seconds) / tokens
const costOf = (point: ScalingPoint): string => decimal(cost(point), 1)

function toText(document: ScalingDocument): string {
  const { cpu, cores, shares, batches, epochs, passes } = document
  const against = (points: readonly ScalingPoint[], point: ScalingPoint) =>
    `${decimal(100 * (cost(point) / Math.min(...points.map(cost)) - 1), 1)} %`
  const table = (title: string, name: string, points: readonly ScalingPoint[], value: (p: ScalingPoint) => string) =>
    points.length === 0
      ? []
      : [
          title,
          textTable({
            columns: columns(name, '>Microseconds per token', '>Above the minimum', '>Peak memory'),
            rows: points.map((p) => [value(p), costOf(p), against(points, p), byteSize(p.peak_resident_bytes)]),
          }),
        ]
  return [
    `${document.folder} on ${document.train_file}; ${cpu}, ${cores} cores`,
    ...table('Cost by fraction of the data', 'Windows', shares, (p) => count(p.data_windows)),
    ...table('Cost by batch', 'Batch', batches, (p) => String(p.batch_size)),
    ...epochs.flatMap(({ resident_bytes_by_epoch: resident, data_windows }) => [
      `Memory after each of ${resident.length} epochs over ${count(data_windows)} windows, evaluated each time`,
      resident.map(byteSize).join('  '),
    ]),
    ...table(
      `Cost and memory by max_tokens_per_pass: ${passes[0]?.model}, batches of ${USUAL.batch_size}`,
      'Tokens a pass',
      passes,
      (p) => count(p.max_tokens_per_pass),
    ),
  ].join('\n\n')
}

const positive = (text: string): number => {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('expected a number above 0')
  return value
}
const list = (text: string): number[] => text.split(',').map(positive)

await new Command('scaling')
  .argument('<train_file>', 'SQuAD v1.1 JSON; windows of 384 tokens, stride 128')
  .argument('<folder>', 'Hugging Face folder: the model, and the tokenizer')
  .addOption(
    new Option('--only <experiments...>', 'run only these experiments').choices(EXPERIMENTS).default(EXPERIMENTS),
  )
  .option('--shares <percent>', 'fractions of the dataset; the epochs use the first one', list, [1, 10, 100])
  .option('--batches <sizes>', 'windows per batch', list, [4, 8, 16, 32, 64])
  .option('--passes <tokens>', 'max_tokens_per_pass', list, [384, 768, 1024, 1536, 3072])
  .option('--passes_model <name>', 'bert-base (random weights), or folder', 'bert-base')
  .option('--epochs <n>', 'epochs during which memory is measured', positive, 8)
  .option('--steps <n>', 'minimum number of timed steps', positive, 16)
  .option('--windows <n>', 'minimum number of timed windows per batch size', positive, 256)
  .option('--json', 'print the document instead of tables')
  .option('--out <file>', 'also write the document to a file')
  .action((train_file: string, folder: string, options: Options) => {
    const document = measure(train_file, folder, options)
    const json = JSON.stringify(document, null, 1)
    if (options.out) writeFileSync(options.out, `${json}\n`)
    console.log(options.json ? json : toText(document))
  })
  .parseAsync()
