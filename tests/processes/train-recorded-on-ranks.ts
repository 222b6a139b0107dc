/**
 * Computes recorded gradients and training steps on the ranks of an MPI job, on the engines that are given as JSON. The
 * first rank prints their largest differences from the recorded values.
 */
import { trainingPasses } from '../../src/batching/passes.ts'
import { withRanks } from '../../src/cli/terminal/with-ranks.ts'
import { agreeOn, type Ranks } from '../../src/ranks/ranks.ts'
import type { Engine } from '../../src/runtime/engine.ts'
import { openEngine } from '../../src/runtime/registry.ts'
import { parseArguments } from '../../src/training/arguments/arguments.ts'
import type { GradientFactory } from '../../src/training/loop/gradient-source.ts'
import { BatchGradient } from '../../src/training/loop/gradients.ts'
import { rankedGradients } from '../../src/training/loop/ranked-gradient.ts'
import { Stepper } from '../../src/training/loop/stepper.ts'
import { fixture, fixtureJson } from '../fixture.ts'
import { maxDifference, readRecorded } from '../read-safetensors.ts'
import { recordedDataset, tinyModel } from '../tiny-model.ts'

export interface Differences {
  readonly gradient: number
  readonly loss: number
  readonly norm: number
}

interface RecordedRun {
  readonly accumulation: number
  readonly lr: number
  readonly weight_decay: number
  readonly clip: number
  readonly warmup: number
  readonly steps: readonly { readonly loss: number; readonly grad_norm: number }[]
}

const gradientsOn = (ranks: Ranks | undefined): GradientFactory =>
  ranks ? rankedGradients(ranks, BatchGradient.open, 'float32') : BatchGradient.open

async function gradientDifference(ranks: Ranks | undefined, engine: Engine): Promise<number> {
  const model = tinyModel('b1/safetensors', engine)
  const gradients = new Float32Array(model.parameters.size)
  const source = await gradientsOn(ranks)(model, gradients, {})
  const { windows } = recordedDataset(fixture('tiny/b1/batch-padded.safetensors'))
  const options = { padding: 'max_length', max_seq_length: 24, pad_token_id: 0, max_tokens_per_pass: 1024 } as const
  const place = { lanes: 1, batches: 1, first_place: 0, share: source.share }
  for (const pass of trainingPasses(windows, { ...options, ...place }).flat()) await source.add(pass, () => {})
  await source.join?.(0)
  await source.release()
  const expected = readRecorded(fixture('tiny/b1/expected-padded.safetensors'))
  const view = model.parameters.from(0, gradients)
  return Math.max(
    ...model.parameters.entries.map(({ name }) => maxDifference(view.view(name), expected[`grad.${name}`].data)),
  )
}

/** Ten batches of four windows that torch's AdamW was trained on, in the given folder with or without accumulation. */
async function stepDifferences(ranks: Ranks | undefined, engine: Engine, folder: string) {
  const recorded = fixtureJson<RecordedRun>(`tiny/${folder}/steps.json`)
  const windows = Array.from(
    { length: 10 },
    (_, i) => recordedDataset(fixture(`tiny/b5/batch-${i}.safetensors`)).windows,
  ).flat()
  const { lr, weight_decay, clip, warmup, accumulation, steps } = recorded
  const args = parseArguments(
    {
      ...{ learning_rate: lr, weight_decay, max_grad_norm: clip, warmup_steps: warmup },
      ...{ padding: 'max_length', max_seq_length: 24 },
    },
    'test',
  )
  const stepper = await Stepper.open(tinyModel('b1/safetensors', engine), args, steps.length, gradientsOn(ranks))
  const found = { loss: 0, norm: 0 }
  const batch = (i: number) => Array.from({ length: 4 }, (_, row) => i * 4 + row)
  for (const [step, expected] of steps.entries()) {
    const group = Array.from({ length: accumulation }, (_, i) => batch(step * accumulation + i))
    const { loss, grad_norm } = await stepper.step(step, group, windows)
    found.loss = Math.max(found.loss, Math.abs(loss - expected.loss))
    found.norm = Math.max(found.norm, Math.abs(grad_norm - expected.grad_norm))
  }
  await stepper.release()
  return found
}

await withRanks(async (ranks) => {
  const found: Record<string, Differences> = {}
  for (const name of JSON.parse(process.argv[2]) as string[]) {
    const engine = await openEngine(name)
    const gradient = await gradientDifference(ranks, engine)
    const [plain, accumulated] = [
      await stepDifferences(ranks, engine, 'b5'),
      await stepDifferences(ranks, engine, 'b6'),
    ]
    const [loss, norm] = [Math.max(plain.loss, accumulated.loss), Math.max(plain.norm, accumulated.norm)]
    found[name] = await agreeOn(ranks, { gradient, loss, norm })
  }
  if (!ranks || ranks.rank === 0) console.log(JSON.stringify(found))
})
