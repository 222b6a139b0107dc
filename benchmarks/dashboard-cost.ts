/**
 * Measures the cost of the dashboard. In a single run, it receives the events of every other block of steps, so that
 * both halves run on the same machine at the same time; once with no open pages and once with several. Prints as JSON
 * how much longer a step takes with the dashboard, comparing each block with the two neighboring blocks without it,
 * with a bootstrap interval; and the fraction of the run's time spent in the dashboard's listener and timer, which is
 * all that it does between steps. A first run without a dashboard shows the noise of such a comparison.
 *
 *     npx tsx benchmarks/dashboard-cost.ts [--model FOLDER] [--train_file FILE] [--observed 60] [--block 10] [--pages 2]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { watchRun } from '../src/dashboard/watch-run.ts'
import { packageFile } from '../src/package-root.ts'
import type { Listener } from '../src/runs/screen/progress-listener.ts'
import { noScreen } from '../src/runs/screen/screen.ts'
import { fineTune } from '../src/runs/train/fine-tune.ts'
import { bootstrapMean } from '../src/squad/metrics/bootstrap.ts'
import { toSquadJson } from '../src/squad/reading/squad-json.ts'
import { generateExamples } from '../src/synthetic/examples.ts'
import { parseArguments } from '../src/training/arguments/arguments.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: packageFile('examples/embedded/model') },
    train_file: { type: 'string' },
    observed: { type: 'string', default: '60' },
    block: { type: 'string', default: '10' },
    pages: { type: 'string', default: '2' },
  },
})
/** Number of blocks with the dashboard, and number of steps per block. */
const [observed, block] = [Number(values.observed), Number(values.block)]

const folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
const train_file = values.train_file ?? join(folder, 'train.json')
if (!values.train_file)
  writeFileSync(train_file, toSquadJson(generateExamples({ seed: 1, split: 'train', questions: 2000 })))

interface Blocks {
  /** Median seconds of a step in each block, in order. The dashboard receives the events of odd blocks. */
  readonly medians: readonly number[]
  /** Fraction of the time of odd blocks spent in the dashboard's own functions. */
  readonly within: number
}

/** Runs the blocks with the given number of open pages, or without a dashboard if undefined. */
async function blocks(pages: number | undefined): Promise<Blocks> {
  const args = parseArguments(
    {
      ...{ model: values.model, train_file, output_dir: join(folder, `pages-${pages ?? 'none'}`) },
      ...{ max_seq_length: 128, doc_stride: 32, per_device_train_batch_size: 16 },
      // One additional block, so that each block with the dashboard is between two blocks without it.
      ...{ max_steps: (2 * observed + 1) * block, logging_steps: 10, save_strategy: 'no' },
    },
    'benchmark',
  )
  let within = 0
  const clocked =
    <A extends readonly unknown[]>(work: (...args: A) => void) =>
    (...args: A) => {
      const began = performance.now()
      work(...args)
      within += (performance.now() - began) / 1000
    }
  const { setInterval } = globalThis
  globalThis.setInterval = ((work: () => void, ...more: []) =>
    setInterval(clocked(work), ...more)) as typeof setInterval
  const watched = await watchRun(args, { screen: noScreen, stop: () => {}, port: 0 })
  globalThis.setInterval = setInterval
  const readers = Array.from({ length: pages ?? 0 }, async () => {
    const { body } = await fetch(new URL('api/events', watched.address.split('#')[0]))
    const reader = body!.getReader()
    while (!(await reader.read()).done);
  })
  const seconds: number[][] = Array.from({ length: 2 * observed + 1 }, () => [])
  let step = 0
  let before = 0
  const clock: Listener = (event) => {
    if (event.type !== 'step') return
    const now = performance.now()
    // The first step of a block is still affected by the previous block.
    if (step % block > 0) seconds[Math.floor(step / block)].push((now - before) / 1000)
    before = now
    step++
  }
  const isObserved = () => Math.floor((step - 1) / block) % 2 === 1
  const [tell] = watched.hooks.listeners!
  const clockedTell = clocked(tell)
  const sometimes: Listener = (event) => {
    if (!['step', 'log'].includes(event.type)) return tell(event)
    if (pages !== undefined && isObserved()) clockedTell(event)
  }
  try {
    const outcome = await fineTune(args, { ...watched.hooks, listeners: [clock, sometimes] })
    if (outcome.status !== 'finished') throw new Error('the run did not finish')
  } finally {
    await watched.close()
    await Promise.allSettled(readers)
  }
  const time = seconds.filter((_, i) => i % 2 === 1).flat()
  return { medians: seconds.map(median), within: within / time.reduce((sum, one) => sum + one, 0) }
}

const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]

const result = []
for (const pages of [undefined, 0, Number(values.pages)]) {
  const { medians: seconds, within } = await blocks(pages)
  // Compare blocks 1, 3, 5, ... with the mean of the two neighboring blocks.
  const longer = Array.from({ length: observed }, (_, i) => {
    const [before, one, after] = seconds.slice(2 * i, 2 * i + 3) as [number, number, number]
    return 100 * ((2 * one) / (before + after) - 1)
  })
  const { mean, low, high } = bootstrapMean(longer)
  const step_milliseconds = 1000 * median(seconds)
  const times = { step_milliseconds, longer_percent: mean, from: low, to: high, within_percent: 100 * within }
  result.push({ pages: pages ?? 'no dashboard', ...times })
}
rmSync(folder, { recursive: true })
console.log(JSON.stringify({ observed, block, result }, null, 2))
