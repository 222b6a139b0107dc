/** Training on engines that accept memory shared between threads. */
import { expect, onTestFinished, test, vi } from 'vitest'
import { describeEngine } from '../../../tests/engines.ts'
import { fixture } from '../../../tests/fixture.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { trainTiny } from '../../../tests/tiny-loop.ts'
import { recordedDataset, tinyModel } from '../../../tests/tiny-model.ts'
import { windowLosses } from '../../inference/logits.ts'
import { QuestionAnsweringModel } from '../../models/question-answering.ts'
import type { Engine } from '../../runtime/engine.ts'
import { defaultEngine } from '../../runtime/registry.ts'
import { parseArguments, type TrainingArgumentsInput } from '../arguments/arguments.ts'
import { Stepper } from './stepper.ts'

const isShared = ({ parameters }: QuestionAnsweringModel) => parameters.data.buffer instanceof SharedArrayBuffer

const { windows } = recordedDataset(fixture('trainer/train.safetensors'))

/** Takes three steps. */
async function trained(engine: Engine) {
  const model = tinyModel('b1/safetensors', engine)
  const args = parseArguments({ learning_rate: 1e-3, max_seq_length: 24, doc_stride: 4 }, 'test')
  const stepper = await Stepper.open(model, args, 3)
  for (let step = 0; step < 3; step++) await stepper.step(step, [[0, 1, 2, 3]], windows)
  return { model, stepper }
}

describeEngine('onednn', 'training in shared memory', (engine) => {
  test.each<TrainingArgumentsInput>([
    {},
    { ema_decay: 0.9 },
    { freeze_layers: 1 },
    { gradient_accumulation_steps: 2, load_best_model_at_end: true, eval_strategy: 'epoch', save_strategy: 'epoch' },
  ])('with %o has the same bits on one core and on two', async (options) => {
    const run = () => trainTiny({ ...options, output_dir: temporaryFolder() }, { engine })
    const two = await run()
    onTestFinished(() => void vi.unstubAllEnvs())
    vi.stubEnv('SPANFORGE_THREADS', '1')
    const one = await run()
    expect(one.weights.equals(two.weights)).toBe(true)
    expect(one.timeless).toEqual(two.timeless)
  })

  test('leaves the weights in ordinary memory, so that any engine can compute with them', async () => {
    const { model, stepper } = await trained(engine)
    expect(isShared(model)).toBe(true)
    const digest = await model.digest()
    await stepper.release()
    expect(isShared(model)).toBe(false)
    expect(await model.digest()).toBe(digest)
    const other = new QuestionAnsweringModel(model.config, defaultEngine, model.parameters)
    const [own, others] = [await windowLosses(model, windows), await windowLosses(other, windows)]
    expect(others.loss).toBeCloseTo(own.loss, 4)
    await Promise.all([model.release(), other.release()])
  })
})

test('The default engine trains in memory that is not shared', async () => {
  const { model, stepper } = await trained(defaultEngine)
  const { parameters } = model
  expect(isShared(model)).toBe(false)
  await stepper.release()
  expect(model.parameters).toBe(parameters)
  await model.release()
})
