import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Recorded, readRecorded } from '../../../tests/read-safetensors.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { type LoopChoice, trainTiny } from '../../../tests/tiny-loop.ts'
import { tinyFolder } from '../../../tests/tiny-squad.ts'
import { writeSafetensors } from '../../checkpoint/safetensors-writer.ts'
import { SpanforgeError } from '../../errors.ts'
import type { EvaluationMetrics } from '../../inference/evaluate.ts'
import type { Engine, Values } from '../../runtime/engine.ts'
import { onnxruntime } from '../../runtime/onnxruntime.ts'
import { parseArguments, type TrainingArgumentsInput } from '../arguments/arguments.ts'
import { listCheckpoints, newestWhole } from '../checkpoints/checkpoint-store.ts'
import { newLoopState } from '../checkpoints/run-checkpoint.ts'
import { newTrainerState } from '../checkpoints/state.ts'
import type { TrainingEvent } from './events.ts'
import { Recorder } from './recorder.ts'

/**
 * ONNX Runtime with corrupted results in run number `run` of the training program, starting at 1; in all runs for 0.
 */
function spoiling(run: number, spoil: (outputs: Values) => void): Engine {
  return {
    ...onnxruntime,
    device: onnxruntime.device,
    async compile(model, options) {
      const executable = await onnxruntime.compile(model, options)
      let runs = 0
      let held: Values = {}
      return {
        ...executable,
        hold(values) {
          held = { ...held, ...values }
          executable.hold(values)
        },
        async run(inputs, outputs) {
          await executable.run(inputs, outputs)
          if (Object.keys(held).some((name) => name.startsWith('gradient.')) && [0, ++runs].includes(run))
            spoil({ ...held, ...outputs })
        },
      }
    },
  }
}

const KEY = 'bert.encoder.layer.1.attention.self.key.weight'
const infiniteGradient = (outputs: Values) =>
  outputs[`gradient.${KEY}`].data.fill(Number.POSITIVE_INFINITY as never, 7, 8)
const hugeGradient = (outputs: Values) => outputs[`gradient.${KEY}`].data.fill(1e25 as never, 7, 8)
const lossIsNaN = (outputs: Values) => outputs.loss.data.fill(Number.NaN as never)

/** Changes a value in a weights file. */
async function plant(path: string, name: string, index: number, value: number): Promise<void> {
  const recorded = Object.entries(readRecorded(path)) as [string, Recorded][]
  const tensors = recorded.map(([name, { shape, data }]) => ({ name, shape, data: data as Float32Array }))
  const { data } = tensors.find((tensor) => tensor.name === name)!
  data[index < 0 ? data.length + index : index] = value
  await writeSafetensors(path, tensors)
}

describe('A loss or gradient that is not finite', () => {
  test('stops the run with the step and the parameter, and the last checkpoint is complete', async () => {
    const output_dir = temporaryFolder()
    const run = trainTiny({ output_dir, save_steps: 2 }, { engine: spoiling(4, infiniteGradient) })
    await expect(run).rejects.toThrow(`step 4: the loss is`)
    await expect(run).rejects.toThrow(`the gradient of ${KEY} contains Infinity`)
    await expect(run).rejects.toThrow('Lower it')
    expect((await newestWhole(output_dir)).folder).toBe(join(output_dir, 'checkpoint-2'))
  })

  test('is skipped and counted with on_nonfinite skip, and the run continues', async () => {
    const output_dir = temporaryFolder()
    const skip = { on_nonfinite: 'skip', output_dir, logging_steps: 3, save_strategy: 'no' } as const
    const { of, log_history, weights } = await trainTiny(skip, { engine: spoiling(3, lossIsNaN) })
    expect(of('step').filter(({ taken }) => !taken)).toMatchObject([{ global_step: 3, loss: Number.NaN }])
    expect(of('step')).toHaveLength(12)
    expect(log_history.filter(({ skipped_steps }) => skipped_steps)).toMatchObject([{ step: 3, skipped_steps: 1 }])
    // The mean of the two steps that were taken, rounded as in the log.
    const [one, two] = of('step')
    expect(log_history[0].loss).toBeCloseTo((one.loss + two.loss) / 2, 3)
    expect(of('end')[0].metrics.train_skipped_steps).toBe(1)
    expect(new Float32Array(weights.buffer).every(Number.isFinite)).toBe(true)
  })

  test('is not in any checkpoint, so a run with a skipped step resumes exactly', async () => {
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

  test('in the only step to log omits the loss from the log', async () => {
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

/** Step 2, the first one whose learning rate is not 0, multiplies the weights by 1 - 1.5e39. */
const overflow = { learning_rate: 10, weight_decay: 3e38, warmup_steps: 2, max_steps: 4 } as const

/** Returns the error of a failed run and its checkpoints, all of which must be finite. */
async function failed(more: TrainingArgumentsInput, choice: LoopChoice = {}) {
  const output_dir = temporaryFolder()
  const error = await trainTiny({ output_dir, save_steps: 1, ...more }, choice).catch((error: Error) => error)
  expect(error).toBeInstanceOf(SpanforgeError)
  const checkpoints = await listCheckpoints(output_dir)
  for (const { folder } of checkpoints)
    for (const name of ['model.safetensors', 'optimizer.safetensors'])
      for (const { data } of Object.values(readRecorded(join(folder, name))))
        expect(data.every(Number.isFinite)).toBe(true)
  expect(readdirSync(output_dir)).toHaveLength(checkpoints.length)
  return { message: (error as Error).message, steps: checkpoints.map(({ step }) => step), output_dir }
}

describe('A step that makes weights or moments infinite or NaN', () => {
  test.each(['stop', 'skip'] as const)(
    'ends the run with on_nonfinite %s and without saving the values',
    async (on_nonfinite) => {
      const { message, steps } = await failed({ ...overflow, on_nonfinite })
      expect(message).toMatch(
        /step 2: the update resulted in -?(Infinity|NaN) in bert\.embeddings\.word_embeddings\.weight/,
      )
      expect(message).toContain('Lower weight_decay (3e+38)')
      expect(steps).toEqual([1])
    },
  )

  test('is detected in the moments, where an infinite value would prevent all further updates of its weight', async () => {
    const { message, steps } = await failed({ max_grad_norm: 0 }, { engine: spoiling(3, hugeGradient) })
    expect(message).toContain(`step 3: the update resulted in Infinity in Adam's second moment of ${KEY}`)
    expect(message).toContain('Set max_grad_norm')
    expect(steps).toEqual([1, 2])
  })

  test.each([
    { max_steps: 1 },
    { max_steps: 3, on_nonfinite: 'skip' as const },
    { max_steps: 1, save_strategy: 'no' as const },
  ])('and one that leaves weights too large to compute with: %o', async (more) => {
    const { message, steps } = await failed({ learning_rate: 1e30, lr_scheduler_type: 'constant', ...more })
    expect(message).toMatch(
      /after step 1: the model's loss on a training window is NaN. Its largest weight is 1.00e\+30, in \S+/,
    )
    expect(message).toContain('The learning rate (1e+30)')
    expect(steps).toEqual([])
  })

  test('and one that makes weights huge, even though the loss with a frozen encoder and head is finite', async () => {
    for (const on_nonfinite of ['stop', 'skip'] as const) {
      const { message, steps } = await failed({ learning_rate: 1e30, freeze_layers: 2, max_steps: 2, on_nonfinite })
      expect(message).toMatch(
        /after step 1: qa_outputs\.weight contains a weight of size 1\.00e\+30, expected at most 1e\+6/,
      )
      expect(message).toContain('The learning rate (1e+30)')
      expect(steps).toEqual([])
    }
  })

  test('ends a run with load_best_model_at_end before the evaluation', async () => {
    const best = { load_best_model_at_end: true, eval_strategy: 'steps', eval_steps: 1 } as const
    const { message, steps } = await failed({ ...overflow, ...best })
    expect(message).toContain('step 2: the update resulted in')
    expect(steps).toEqual([1])
  })
})

test('A run with only skipped steps fails', async () => {
  const everyStep: Engine = spoiling(0, lossIsNaN)
  const { message, steps } = await failed(
    { max_steps: 2, on_nonfinite: 'skip', save_strategy: 'no' },
    { engine: everyStep },
  )
  expect(message).toContain('all 2 steps were skipped')
  expect(steps).toEqual([])
})

test('Rejects a base model with a huge weight, even in an embedding that no training question uses', async () => {
  const model = temporaryFolder()
  cpSync(tinyFolder, model, { recursive: true })
  await plant(join(model, 'model.safetensors'), 'bert.embeddings.position_embeddings.weight', -1, 1e30)
  const { message, steps } = await failed({ max_steps: 1 }, { model })
  expect(message).toMatch(/before the first step: \S+position_embeddings.weight contains a weight of size 1.00e\+30/)
  expect(message).toContain('Check the weights of the base model')
  expect(steps).toEqual([])
})

test('Does not load a best checkpoint that was modified after it was written', async () => {
  const output_dir = temporaryFolder()
  const best = { load_best_model_at_end: true, eval_strategy: 'steps', eval_steps: 2, save_steps: 2 } as const
  const args = { output_dir, max_steps: 4, metric_for_best_model: 'loss', learning_rate: 0.1, ...best } as const
  const isFirstSave = ({ type }: TrainingEvent) => type === 'save'
  await trainTiny(args, { until: isFirstSave })
  const folder = join(output_dir, 'checkpoint-2')
  const run = trainTiny(args, {
    resume_from: folder,
    onEvent: async ({ type }) => {
      if (type === 'step') await plant(join(folder, 'model.safetensors'), KEY, 0, 7)
    },
  })
  await expect(run).rejects.toThrow(
    `${folder}: load_best_model_at_end cannot load the best checkpoint: model.safetensors`,
  )
})

test('Rejects resuming from a checkpoint whose moments are not finite', async () => {
  const output_dir = temporaryFolder()
  await trainTiny({ output_dir, save_steps: 2, max_steps: 2 })
  const folder = join(output_dir, 'checkpoint-2')
  await plant(join(folder, 'optimizer.safetensors'), `exp_avg_sq.${KEY}`, 5, Number.POSITIVE_INFINITY)
  const resumed = trainTiny({ output_dir, max_steps: 4 }, { resume_from: folder })
  await expect(resumed).rejects.toThrow(`exp_avg_sq.${KEY}: found 1 of`)
  await expect(resumed).rejects.toThrow('Resume from an earlier checkpoint')
})

test('An evaluation whose metric is not finite is never the best', () => {
  for (const [metric_for_best_model, value] of [
    ['f1', Infinity],
    ['loss', -Infinity],
    ['loss', Number.NaN],
    ['loss', Infinity],
  ] as const) {
    const args = parseArguments({ metric_for_best_model }, 'test')
    const recorder = new Recorder(newTrainerState(args, 1, 1), newLoopState(), args)
    const metrics = { [`eval_${metric_for_best_model}`]: value } as unknown as EvaluationMetrics
    expect(recorder.evaluation({ metrics, scores: [{ exact_match: 1, f1: 1 }] }).is_best).toBe(false)
    expect(recorder.state.best_metric).toBe(null)
  }
})
