/** Options that transformers' Trainer does not have, compared with steps that scripts/python/training_options.py recorded. */
import { expect, test } from 'vitest'
import { fixture, fixtureJson } from '../../../tests/fixture.ts'
import { maxDifference } from '../../../tests/read-safetensors.ts'
import { recordedDataset, tinyModel } from '../../../tests/tiny-model.ts'
import { parseArguments, type TrainingArgumentsInput } from '../arguments/arguments.ts'
import { Stepper } from './stepper.ts'

interface RecordedSteps {
  readonly options: TrainingArgumentsInput
  readonly steps: readonly { readonly loss: number; readonly grad_norm: number }[]
  readonly weights: Readonly<Record<string, readonly number[]>>
}

const { cases } = fixtureJson<{ readonly cases: readonly RecordedSteps[] }>('training/options.json')

test.each(cases)('$options has the losses, norms and weights of torch', async ({ options, steps, weights }) => {
  const model = tinyModel('b1/safetensors')
  const settings = {
    learning_rate: 1e-3,
    weight_decay: 0.1,
    lr_scheduler_type: 'constant',
    max_seq_length: 24,
  } as const
  const stepper = await Stepper.open(model, parseArguments({ ...settings, ...options }, 'test'), steps.length)
  for (const [step, { loss, grad_norm }] of steps.entries()) {
    const { windows } = recordedDataset(fixture(`tiny/b5/batch-${step}.safetensors`))
    const taken = await stepper.step(step, [[...windows.keys()]], windows)
    expect(Math.abs(taken.loss - loss), `loss of step ${step}`).toBeLessThan(2e-6)
    expect(Math.abs(taken.grad_norm - grad_norm), `norm of step ${step}`).toBeLessThan(5e-6)
  }
  for (const [name, values] of Object.entries(weights))
    expect(maxDifference(model.parameters.view(name), Float32Array.from(values)), name).toBeLessThan(3e-6)
  await stepper.release()
})
