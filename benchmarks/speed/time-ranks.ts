/**
 * Measures training steps on one or several ranks. Started by ../ranks.ts and ../network.ts with its settings as a JSON
 * argument; the first rank prints a JSON document.
 */
import { withRanks } from '../../src/cli/terminal/with-ranks.ts'
import type { Ranks, ReduceDtype } from '../../src/ranks/ranks.ts'
import { agreeOn } from '../../src/ranks/ranks.ts'
import { parseArguments } from '../../src/training/arguments/arguments.ts'
import { BatchGradient } from '../../src/training/loop/gradients.ts'
import { rankedGradients } from '../../src/training/loop/ranked-gradient.ts'
import { Stepper } from '../../src/training/loop/stepper.ts'
import { pickBatches } from './batches.ts'
import { readDataset } from './data.ts'
import { benchmarkModel } from './models.ts'

export interface RankSettings {
  readonly train_file: string
  readonly folder: string
  /** One of `MODELS`. */
  readonly model: string
  /** Timed steps of 16 windows, after one that is not timed. 0 measures the exchange only. */
  readonly steps: number
}

export interface RankTimes {
  readonly ranks: number
  /** Bytes of the gradients in float32. */
  readonly bytes: number
  /** Seconds of each step. */
  readonly steps: readonly number[]
  /** Seconds of adding up the gradients over all ranks, by dtype. */
  readonly exchange: Readonly<Record<ReduceDtype, number>> | undefined
}

const TIMES = 3

/** The fastest of several exchanges, which begin together. */
async function timeExchange(ranks: Ranks, values: Float32Array, dtype: ReduceDtype): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY
  for (let i = 0; i < TIMES; i++) {
    await agreeOn(ranks, i)
    const start = performance.now()
    await ranks.sum(values, dtype)
    fastest = Math.min(fastest, (performance.now() - start) / 1000)
  }
  return fastest
}

async function timeSteps(ranks: Ranks | undefined, settings: RankSettings): Promise<RankTimes> {
  const model = await benchmarkModel(settings.model, settings.folder)
  const gradients = new Float32Array(model.parameters.size)
  const exchange = ranks && {
    float32: await timeExchange(ranks, gradients, 'float32'),
    bf16: await timeExchange(ranks, gradients, 'bf16'),
  }
  const times = { ranks: ranks?.size ?? 1, bytes: gradients.byteLength, exchange }
  if (settings.steps === 0) return { ...times, steps: [] }
  const { windows } = await readDataset(settings.train_file, settings.folder, 600)
  const { warmup, timed } = pickBatches(windows, 'shuffled', settings.steps)
  const source = ranks ? rankedGradients(ranks, BatchGradient.open, 'float32') : BatchGradient.open
  const stepper = await Stepper.open(model, parseArguments({}, 'benchmark'), timed.length + 1, source)
  await stepper.step(0, [warmup], windows)
  const steps: number[] = []
  for (const [i, batch] of timed.entries()) {
    const start = performance.now()
    await stepper.step(1 + i, [batch], windows)
    steps.push((performance.now() - start) / 1000)
  }
  await stepper.release()
  return { ...times, steps }
}

const settings: RankSettings = JSON.parse(process.argv[2])
await withRanks(async (ranks) => {
  const times = await timeSteps(ranks, settings)
  if (!ranks || ranks.rank === 0) console.log(JSON.stringify(times))
})
