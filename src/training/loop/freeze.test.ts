import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { maxDifference } from '../../../tests/read-safetensors.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { recordedDataset, tinyModel } from '../../../tests/tiny-model.ts'
import { isFrozen } from '../../models/programs.ts'
import { parseArguments, type TrainingArgumentsInput } from '../arguments/arguments.ts'
import { Stepper } from './stepper.ts'

const { windows } = recordedDataset(fixture('trainer/train.safetensors'))

async function steps(options: TrainingArgumentsInput, count: number) {
  const model = tinyModel('b1/safetensors')
  const before = model.parameters.data.slice()
  const args = parseArguments(
    { learning_rate: 1e-3, weight_decay: 0.1, output_dir: join(temporaryFolder(), 'new'), ...options },
    'test',
  )
  const stepper = await Stepper.open(model, args, 10)
  await stepper.freeze(windows)
  const results = []
  for (let step = 0; step < count; step++) results.push(await stepper.step(step, [[0, 1, 2, 3 + step]], windows))
  await stepper.release()
  return { model, before, results }
}

test.each([
  ['embeddings', { freeze_embeddings: true }],
  ['one layer', { freeze_layers: 1 }],
  ['all layers', { freeze_layers: 2 }],
])('frozen %s stay as they are, bit for bit, and the rest learns', async (_name, freeze) => {
  const { model, before } = await steps(freeze, 3)
  const specs = new Map(model.specs.map((spec) => [spec.name, spec]))
  for (const { name, start, size } of model.parameters.entries) {
    const moved = maxDifference(model.parameters.view(name), before.subarray(start, start + size))
    if (isFrozen(specs.get(name)!, freeze)) expect(moved, name).toBe(0)
    else expect(moved, name).toBeGreaterThan(0)
  }
})

test('the loss of the first step does not depend on frozen layers', async () => {
  const [whole, frozen] = await Promise.all([steps({}, 1), steps({ freeze_layers: 1 }, 1)])
  // The same sums with different packing.
  expect(Math.abs(whole.results[0].loss - frozen.results[0].loss)).toBeLessThan(1e-6)
})

test('the gradients of trained layers equal those of the whole model', async () => {
  const [whole, frozen] = await Promise.all([
    steps({ weight_decay: 0, max_grad_norm: 0 }, 1),
    steps({ weight_decay: 0, max_grad_norm: 0, freeze_layers: 1 }, 1),
  ])
  // The first step of AdamW moves every weight by lr against the sign of its gradient, unless the gradient is tiny.
  const name = 'bert.encoder.layer.1.intermediate.dense.weight'
  expect(maxDifference(whole.model.parameters.view(name), frozen.model.parameters.view(name))).toBeLessThan(2e-5)
})
