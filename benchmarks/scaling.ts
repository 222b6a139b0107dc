import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { basename } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { byteSize, count, decimal } from '../src/report/format.ts'
import { columns, textTable } from '../src/report/table.ts'
import type { ScalingDocument, ScalingPoint } from './speed/document.ts'
import { runScript } from './speed/start.ts'
import type { ScalingSettings } from './speed/time-scaling.ts'

/** How the cost of a token and the memory grow with data, batch, epochs and the size of a pass: see README.md beside. */

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

/** What each experiment runs: everything as usual but for the one thing that it is about. */
function plan(options: Options): Record<Experiment, Partial<ScalingSettings>[]> {
  const { shares, batches, passes, epochs, windows } = options
  return {
    shares: shares.map((share) => ({ share })),
    // As many windows at every size, and at least --steps steps: dropout masks are drawn anew every 16.
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
            columns: columns(name, '>Microseconds a token', '>Above the cheapest', '>Peak memory'),
            rows: points.map((p) => [value(p), costOf(p), against(points, p), byteSize(p.peak_resident_bytes)]),
          }),
        ]
  return [
    `${document.folder} on ${document.train_file}; ${cpu}, ${cores} cores`,
    ...table('Cost by how much of the data there is', 'Windows', shares, (p) => count(p.data_windows)),
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
  .addOption(new Option('--only <experiments...>', 'leave out the others').choices(EXPERIMENTS).default(EXPERIMENTS))
  .option('--shares <per cent>', 'parts of the data set; the first is what the epochs go through', list, [1, 10, 100])
  .option('--batches <sizes>', 'windows in a batch', list, [4, 8, 16, 32, 64])
  .option('--passes <tokens>', 'max_tokens_per_pass', list, [384, 768, 1024, 1536, 3072])
  .option('--passes_model <name>', 'bert-base (random weights), or folder', 'bert-base')
  .option('--epochs <n>', 'epochs over which memory is watched', positive, 8)
  .option('--steps <n>', 'timed steps, at least', positive, 16)
  .option('--windows <n>', 'windows that each batch size is timed on, at least', positive, 256)
  .option('--json', 'print the document instead of tables')
  .option('--out <file>', 'write the document to a file, too')
  .action((train_file: string, folder: string, options: Options) => {
    const document = measure(train_file, folder, options)
    const json = JSON.stringify(document, null, 1)
    if (options.out) writeFileSync(options.out, `${json}\n`)
    console.log(options.json ? json : toText(document))
  })
  .parseAsync()
