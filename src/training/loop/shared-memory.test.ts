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

/** Takes a step with each batch. */
async function trained(engine: Engine, more: TrainingArgumentsInput = {}, batches = new Array(3).fill([0, 1, 2, 3])) {
  const model = tinyModel('b1/safetensors', engine)
  const args = parseArguments({ learning_rate: 1e-3, max_seq_length: 24, doc_stride: 4, ...more }, 'test')
  const stepper = await Stepper.open(model, args, batches.length)
  for (const [step, batch] of batches.entries()) await stepper.step(step, [batch], windows)
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

  test.each<TrainingArgumentsInput>([
    ...(engine.precisions.includes('bfloat16') ? [{ bf16: true }, { bf16: true, freeze_embeddings: true }] : []),
    {},
  ])(
    'with %o has the same bits if lanes pack their weights separately, also if steps leave out a lane',
    async (more) => {
      const apart: Engine = {
        ...engine,
        compile: (graph, options) => engine.compile(graph, { ...options, beside: undefined }),
      }
      const beside = vi.fn<Engine['compile']>(engine.compile)
      const together: Engine = { ...engine, compile: beside }
      const batches = [[0], [0, 1, 2, 3], [4], [5], [6, 7, 8, 9], [10, 11], [12], [13, 14]]
      const digests = []
      for (const each of [apart, together]) {
        const { model, stepper } = await trained(each, more, batches)
        await stepper.release()
        digests.push(await model.digest())
        await model.release()
      }
      expect(digests[1]).toBe(digests[0])
      expect(beside.mock.calls.filter(([, options]) => options?.beside)).toHaveLength(1)
    },
  )

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
