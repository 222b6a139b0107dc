/** Options that transformers' Trainer does not have, compared with steps that scripts/python/training_options.py recorded. */
import { expect, test } from 'vitest'
import { fixture, fixtureJson } from '../../../tests/fixture.ts'
import { maxDifference } from '../../../tests/read-safetensors.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
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
    output_dir: temporaryFolder(),
  } as const
  const batches = steps.map((_, step) => recordedDataset(fixture(`tiny/b5/batch-${step}.safetensors`)).windows)
  const windows = batches.flat()
  const stepper = await Stepper.open(model, parseArguments({ ...settings, ...options }, 'test'), steps.length)
  if (options.teacher_weight) await stepper.teach(tinyModel('b4/relu'), windows)
  for (const [step, { loss, grad_norm }] of steps.entries()) {
    const first = batches.slice(0, step).flat().length
    const taken = await stepper.step(step, [batches[step].map((_, i) => first + i)], windows)
    expect(Math.abs(taken.loss - loss), `loss of step ${step}`).toBeLessThan(2e-6)
    expect(Math.abs(taken.grad_norm - grad_norm), `norm of step ${step}`).toBeLessThan(5e-6)
  }
  for (const [name, values] of Object.entries(weights))
    expect(maxDifference(model.parameters.view(name), Float32Array.from(values)), name).toBeLessThan(3e-6)
  await stepper.release()
})
