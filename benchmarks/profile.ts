/** Profiles training steps with ONNX Runtime, by operator and by node. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import type { Engine } from '../src/runtime/engine.ts'
import { parseArguments } from '../src/training/arguments/arguments.ts'
import { Stepper } from '../src/training/loop/stepper.ts'
import { pickBatches } from './speed/batches.ts'
import { readDataset } from './speed/data.ts'
import { engineWith } from './speed/engine.ts'
import { benchmarkModel, MODELS } from './speed/models.ts'

interface NodeEvent {
  readonly cat: string
  readonly name: string
  /** Start and duration in microseconds. */
  readonly ts: number
  readonly dur: number
  readonly args: { readonly op_name?: string; readonly input_type_shape?: readonly Record<string, readonly number[]>[] }
}

interface Share {
  count: number
  microseconds: number
  example: string
}

function sharesBy(events: readonly NodeEvent[], key: (event: NodeEvent) => string): [string, Share][] {
  const shares = new Map<string, Share>()
  for (const event of events) {
    const share = shares.get(key(event)) ?? { count: 0, microseconds: 0, example: '' }
    share.count++
    share.microseconds += event.dur
    share.example = `${event.args.op_name} ${inputShapes(event)}`
    shares.set(key(event), share)
  }
  return [...shares].sort(([, a], [, b]) => b.microseconds - a.microseconds)
}

const inputShapes = ({ args }: NodeEvent): string =>
  (args.input_type_shape ?? []).map((typed) => `[${Object.values(typed)[0].join(',')}]`).join(' ')

/** Wraps an engine and counts its runs. */
function counting(engine: Engine): Engine & { runs: number } {
  const counter = {
    ...engine,
    runs: 0,
    async compile(...args: Parameters<Engine['compile']>) {
      const { run, ...others } = await engine.compile(...args)
      return {
        ...others,
        run(...values: Parameters<typeof run>) {
          counter.runs++
          return run(...values)
        },
      }
    },
  }
  return counter
}

/** Profiles steps on real windows, after a warm-up step that allocates memory. */
async function profile(train_file: string, folder: string, options: { model: string; steps: number }) {
  const data = await readDataset(train_file, folder, 3000)
  const { warmup, timed } = pickBatches(data.windows, 'shuffled', options.steps)
  const output = await mkdtemp(join(tmpdir(), 'spanforge-profile-'))
  const engine = counting(await engineWith({ profilePrefix: join(output, 'steps') }))
  const model = await benchmarkModel(options.model, folder, engine)
  const stepper = await Stepper.open(model, parseArguments({}, 'profile'), options.steps + 1)
  await stepper.step(0, [warmup], data.windows)
  const warmupRuns = engine.runs
  const start = performance.now()
  for (const [i, batch] of timed.entries()) await stepper.step(i + 1, [batch], data.windows)
  const milliseconds = performance.now() - start
  await stepper.release()
  const [file] = await readdir(output)
  const events = JSON.parse(await readFile(join(output, file), 'utf8')) as NodeEvent[]
  await rm(output, { recursive: true })
  const begins = events.filter(({ name }) => name === 'model_run').map(({ ts }) => ts)
  const from = begins.sort((a, b) => a - b)[warmupRuns]
  const isNode = ({ cat, name }: NodeEvent) => cat === 'Node' && name.endsWith('_kernel_time')
  return { milliseconds, nodes: events.filter((event) => isNode(event) && event.ts >= from) }
}

function print(nodes: readonly NodeEvent[], milliseconds: number, steps: number): void {
  const total = nodes.reduce((sum, { dur }) => sum + dur, 0)
  const line = (name: string, { count, microseconds }: Share) =>
    `${name.padEnd(24)} ${((100 * microseconds) / total).toFixed(1).padStart(5)} % ` +
    `${(microseconds / 1000 / steps).toFixed(1).padStart(9)} ms/step ${String(Math.round(count / steps)).padStart(6)} runs/step`
  console.log(`Steps took ${(milliseconds / steps).toFixed(0)} ms each. Time per operator of ONNX Runtime:`)
  console.log(`${'total'.padEnd(24)} 100.0 % ${(total / 1000 / steps).toFixed(1).padStart(9)} ms/step\n`)
  for (const [name, share] of sharesBy(nodes, ({ args }) => args.op_name!)) console.log(line(name, share))
  console.log('\nThe most expensive nodes, with the shapes of their operands in one pass:')
  for (const [name, share] of sharesBy(nodes, (event) => event.name).slice(0, 25))
    console.log(`${line(name.replace('_kernel_time', ''), share)}  ${share.example}`)
}

await new Command('profile')
  .argument('<train_file>', 'SQuAD v1.1 JSON')
  .argument('<folder>', 'Hugging Face folder: the model, or only the tokenizer of a model with random weights')
  .addOption(new Option('--model <model>', 'folder, or a model with random weights').choices(MODELS).default('folder'))
  .option('--steps <n>', 'steps after the first', Number, 3)
  .action(async (train_file: string, folder: string, options: { model: string; steps: number }) => {
    const { milliseconds, nodes } = await profile(train_file, folder, options)
    print(nodes, milliseconds, options.steps)
  })
  .parseAsync()
