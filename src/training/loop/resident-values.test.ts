import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { separateMemory } from '../../../tests/separate-memory.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { trainTiny } from '../../../tests/tiny-loop.ts'
import { tinyFolder } from '../../../tests/tiny-squad.ts'
import { loadPretrained } from '../../inference/pretrained.ts'
import type { TrainingArgumentsInput } from '../arguments/arguments.ts'
import { restoreWeights } from '../checkpoints/run-checkpoint.ts'

const WEIGHT = 'bert.encoder.layer.1.attention.self.key.weight'

const evaluated = { eval_strategy: 'steps', eval_steps: 4, save_steps: 4 } as const

test.each<[what: string, more: TrainingArgumentsInput]>([
  ['evaluated in between, with the best model loaded at the end', { ...evaluated, load_best_model_at_end: true }],
  ['with accumulated batches', { gradient_accumulation_steps: 2 }],
  ['with averaged weights', { ...evaluated, ema_decay: 0.9 }],
  ['of frozen layers', { freeze_layers: 1 }],
])('a run %s is the same, bit for bit, on an engine with separate memory', async (_what, more) => {
  const shared = await trainTiny({ ...more, output_dir: temporaryFolder() })
  const separate = await trainTiny({ ...more, output_dir: temporaryFolder() }, { engine: separateMemory().engine })
  expect(separate.timeless).toEqual(shared.timeless)
  expect(separate.weights.equals(shared.weights)).toBe(true)
})

test('and so is a resumed run', async () => {
  const whole = await trainTiny({ ...evaluated, output_dir: temporaryFolder() })
  const output_dir = temporaryFolder()
  await trainTiny({ ...evaluated, output_dir }, { until: (event) => event.type === 'save' })
  const choice = { resume_from: join(output_dir, 'checkpoint-4'), engine: separateMemory().engine }
  const resumed = await trainTiny({ ...evaluated, output_dir }, choice)
  expect(resumed.timeless).toEqual(whole.timeless)
  expect(resumed.weights.equals(whole.weights)).toBe(true)
})

test('the next forward pass uses weights loaded from a checkpoint', async () => {
  const output_dir = temporaryFolder()
  await trainTiny({ output_dir, save_steps: 4 }, { until: (event) => event.type === 'save' })
  const checkpoint = join(output_dir, 'checkpoint-4')
  const row = { input_ids: Int32Array.of(2, 7, 3, 9, 3), token_type_ids: new Int32Array(5), attended: 5 }
  const { model } = await loadPretrained(tinyFolder, { engine: separateMemory().engine })
  const { model: expected } = await loadPretrained(checkpoint)
  onTestFinished(() => Promise.all([model.release(), expected.release()]).then(() => {}))
  await model.forward([row])
  await restoreWeights(checkpoint, model)
  expect(await model.forward([row])).toEqual(await expected.forward([row]))
})

test('weights and gradients are copied once per step, regardless of the number of passes', async () => {
  const { engine, copies } = separateMemory()
  // With one window per pass, there are at most four passes per step, and 22 in an epoch of 6 steps.
  const settings = { num_train_epochs: 1, save_strategy: 'no', max_tokens_per_pass: 24 } as const
  const { of } = await trainTiny({ ...settings, output_dir: temporaryFolder() }, { engine })
  const steps = of('step').length
  expect(steps).toBe(6)
  expect(copies.get(`sofar.${WEIGHT}`)).toBe(steps + 1)
  // The weights of each step, and those for one evaluation of a window after the last step.
  expect(copies.get(WEIGHT)).toBe(steps + 1)
})
