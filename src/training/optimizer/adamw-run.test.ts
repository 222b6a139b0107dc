import { afterAll, describe, expect, test } from 'vitest'
import { fixture, fixtureJson } from '../../../tests/fixture.ts'
import { maxDifference, readRecorded } from '../../../tests/read-safetensors.ts'
import { recordedDataset, tinyModel } from '../../../tests/tiny-model.ts'
import { parseArguments } from '../arguments/arguments.ts'
import { Stepper } from '../loop/stepper.ts'

// Ten batches of four windows, padded to 24 tokens, trained with torch's AdamW: one batch per step (b5) or two (b6).
const BATCHES = 10
const ROWS = 4

// Rounding with another summation order, accumulated over the steps. Several times the measured differences (loss
// 4.8e-7, norm 2.4e-7, weights 2.1e-7, moments 1.7e-8), because other processors sum in yet another order.
const LOSS = 2e-6
const NORM = 2.4e-6
const WEIGHTS = 2.1e-6
const MOMENTS = 1.7e-7

// The true gradient is zero: AdamW scales rounding errors up to lr per step, and outputs do not depend on it.
const UNDETERMINED = /attention\.self\.key\.bias|qa_outputs\.bias|layer\.1\.output\.LayerNorm\.bias/

interface RecordedRun {
  readonly accumulation: number
  readonly lr: number
  readonly weight_decay: number
  readonly clip: number
  readonly warmup: number
  readonly steps: readonly { readonly loss: number; readonly grad_norm: number; readonly lr: number }[]
}

describe.each(['b5', 'b6'])('ten recorded batches of AdamW (%s)', async (folder) => {
  const recorded = fixtureJson<RecordedRun>(`tiny/${folder}/steps.json`)
  const model = tinyModel('b1/safetensors')
  const windows = Array.from(
    { length: BATCHES },
    (_, i) => recordedDataset(fixture(`tiny/b5/batch-${i}.safetensors`)).windows,
  ).flat()
  const batch = (i: number) => Array.from({ length: ROWS }, (_, row) => i * ROWS + row)
  const args = parseArguments(
    {
      learning_rate: recorded.lr,
      weight_decay: recorded.weight_decay,
      max_grad_norm: recorded.clip,
      warmup_steps: recorded.warmup,
      padding: 'max_length',
      max_seq_length: 24,
    },
    'test',
  )
  const stepper = await Stepper.open(model, args, recorded.steps.length)
  afterAll(() => stepper.release())

  const expectWeights = (file: string) => {
    for (const [name, { data }] of Object.entries(readRecorded(fixture(`tiny/${folder}/${file}.safetensors`))))
      if (!UNDETERMINED.test(name)) expect(maxDifference(model.parameters.view(name), data), name).toBeLessThan(WEIGHTS)
  }

  test('reproduces the recorded loss, gradient norm and learning rate of every step', async () => {
    for (const [step, expected] of recorded.steps.entries()) {
      const group = Array.from({ length: recorded.accumulation }, (_, i) => batch(step * recorded.accumulation + i))
      const { loss, grad_norm, learning_rate, taken } = await stepper.step(step, group, windows)
      expect(taken).toBe(true)
      expect(Math.abs(loss - expected.loss)).toBeLessThan(LOSS)
      expect(Math.abs(grad_norm - expected.grad_norm)).toBeLessThan(NORM)
      expect(learning_rate).toBeCloseTo(expected.lr, 15)
      if (step === 2) expectWeights('weights-after-step-3')
    }
  })

  test('reproduces the recorded final weights', () => expectWeights('weights-final'))

  test('reproduces the recorded final moments of Adam', () => {
    const recorded = readRecorded(fixture(`tiny/${folder}/optimizer-final.safetensors`))
    expect(Object.keys(recorded)).toHaveLength(2 * model.parameters.entries.length)
    for (const [key, { data }] of Object.entries(recorded)) {
      const [moment, name] = key.split(/\.(.*)/) as ['exp_avg' | 'exp_avg_sq', string]
      expect(maxDifference(stepper.optimizer.state[moment].view(name), data), key).toBeLessThan(MOMENTS)
    }
  })
})
