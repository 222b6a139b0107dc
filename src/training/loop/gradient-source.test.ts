import { expect, test } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { recordedDataset, tinyModel } from '../../../tests/tiny-model.ts'
import { parseArguments } from '../arguments/arguments.ts'
import type { GradientFactory } from './gradient-source.ts'
import { train } from './loop.ts'

const dataset = recordedDataset(fixture('trainer/train.safetensors'))

/** A loss that grows by 1 with every parameter, whatever the windows are. */
const slope: GradientFactory = async (_model, gradients) => ({
  reset: () => void gradients.fill(0),
  async add({ rows }) {
    for (let i = 0; i < gradients.length; i++) gradients[i] += rows.length
    return rows.length
  },
  release: async () => {},
})

test('A run trains with gradients from any source, each pass of a step added up', async () => {
  const model = tinyModel('b1/safetensors')
  const before = model.parameters.data.slice()
  const args = parseArguments(
    {
      ...{ output_dir: temporaryFolder(), max_steps: 1, save_strategy: 'no', report_to: [] },
      ...{ per_device_train_batch_size: 3, max_tokens_per_pass: 16, max_grad_norm: 0 },
      ...{ learning_rate: 0.5, lr_scheduler_type: 'constant' },
    },
    'test',
  )
  const steps = []
  for await (const event of train({ model, args, train: dataset, gradients: slope }))
    if (event.type === 'step') steps.push(event)
  expect(steps).toHaveLength(1)
  expect(steps[0]).toMatchObject({ loss: 3, grad_norm: Math.fround(3 * Math.sqrt(before.length)) })
  // The first step of AdamW has the size of the learning rate, against the sign of the gradient.
  for (let i = 0; i < before.length; i += 97) expect(model.parameters.data[i] - before[i]).toBeCloseTo(-0.5, 5)
})
