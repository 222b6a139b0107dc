import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { trainTiny } from '../../tests/tiny-loop.ts'
import type { Engine, Values } from '../runtime/engine.ts'
import { onnxruntime } from '../runtime/onnxruntime.ts'
import { newestWhole } from './checkpoint-store.ts'

/** ONNX Runtime, but that the training program's results number `run`, from 1, are spoiled. */
function spoiling(run: number, spoil: (outputs: Values) => void): Engine {
  return {
    ...onnxruntime,
    device: onnxruntime.device,
    async compile(model, options) {
      const executable = await onnxruntime.compile(model, options)
      let runs = 0
      return {
        release: () => executable.release(),
        async run(inputs, outputs) {
          await executable.run(inputs, outputs)
          if (Object.keys(outputs).some((name) => name.startsWith('gradient.')) && ++runs === run) spoil(outputs)
        },
      }
    },
  }
}

const KEY = 'bert.encoder.layer.1.attention.self.key.weight'
const infiniteGradient = (outputs: Values) =>
  outputs[`gradient.${KEY}`].data.fill(Number.POSITIVE_INFINITY as never, 7, 8)
const lossIsNaN = (outputs: Values) => outputs.loss.data.fill(Number.NaN as never)

describe('A loss or gradient that is not finite', () => {
  test('stops the run, which names step and parameter; the last checkpoint is whole', async () => {
    const output_dir = temporaryFolder()
    const run = trainTiny({ output_dir, save_steps: 2 }, { engine: spoiling(4, infiniteGradient) })
    await expect(run).rejects.toThrow(`step 4: the loss is`)
    await expect(run).rejects.toThrow(`the gradient of ${KEY} holds Infinity`)
    await expect(run).rejects.toThrow('lower it')
    expect((await newestWhole(output_dir)).folder).toBe(join(output_dir, 'checkpoint-2'))
  })

  test('is left out and counted with on_nonfinite skip, and the run goes on', async () => {
    const output_dir = temporaryFolder()
    const skip = { on_nonfinite: 'skip', output_dir, logging_steps: 3, save_strategy: 'no' } as const
    const { of, log_history, weights } = await trainTiny(skip, { engine: spoiling(3, lossIsNaN) })
    expect(of('step').filter(({ taken }) => !taken)).toMatchObject([{ global_step: 3, loss: Number.NaN }])
    expect(of('step')).toHaveLength(12)
    expect(log_history.filter(({ skipped_steps }) => skipped_steps)).toMatchObject([{ step: 3, skipped_steps: 1 }])
    // The mean of the two that were taken, rounded as it is logged.
    const [one, two] = of('step')
    expect(log_history[0].loss).toBeCloseTo((one.loss + two.loss) / 2, 3)
    expect(of('end')[0].metrics.train_skipped_steps).toBe(1)
    expect(new Float32Array(weights.buffer).every(Number.isFinite)).toBe(true)
  })

  test('is in no checkpoint: a run that skipped a step resumes bit for bit', async () => {
    const skip = { on_nonfinite: 'skip', logging_steps: 2, save_steps: 4, eval_strategy: 'epoch' } as const
    const spoiled = { engine: spoiling(3, infiniteGradient) }
    const whole = await trainTiny({ ...skip, output_dir: temporaryFolder() }, spoiled)
    const output_dir = temporaryFolder()
    await trainTiny(
      { ...skip, output_dir },
      { engine: spoiling(3, infiniteGradient), until: ({ type }) => type === 'save' },
    )
    const resume_from = join(output_dir, 'checkpoint-4')
    const resumed = await trainTiny({ ...skip, output_dir }, { resume_from })
    expect(resumed.timeless).toEqual(whole.timeless)
    expect(resumed.weights.equals(whole.weights)).toBe(true)
    expect(resumed.of('end')[0].metrics.train_skipped_steps).toBe(1)
  })

  test('of a step that is all there is to log leaves the loss out of the log', async () => {
    const skip = { on_nonfinite: 'skip', output_dir: temporaryFolder(), save_strategy: 'no', max_steps: 2 } as const
    const { log_history } = await trainTiny(skip, { engine: spoiling(1, lossIsNaN) })
    expect(log_history[0]).toEqual({
      step: 1,
      epoch: expect.any(Number),
      learning_rate: 1e-3,
      skipped_steps: 1,
      grad_norm: expect.any(Number),
    })
    expect(log_history[1].loss).toBeGreaterThan(0)
  })
})
