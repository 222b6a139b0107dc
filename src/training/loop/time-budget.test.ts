import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { trainTiny } from '../../../tests/tiny-loop.ts'
import { checkArguments } from '../arguments/argument-checks.ts'
import { parseArguments, type TrainingArgumentsInput } from '../arguments/arguments.ts'
import type { GradientFactory } from './gradient-source.ts'
import { BatchGradient } from './gradients.ts'
import { fitPlan } from './time-budget.ts'

const plan = { batches_per_epoch: 100, steps_per_epoch: 100, max_steps: 300, epochs: 3, samples: 2400 }
const fitted = (given: TrainingArgumentsInput, seconds: number, seconds_per_evaluation = 10) =>
  fitPlan(plan, parseArguments({ max_minutes: 1, ...given }, 'test'), seconds, {
    seconds_per_step: 1,
    seconds_per_evaluation,
  })

test('max_minutes reserves 5 % of the time and a final evaluation, and includes the other evaluations', () => {
  expect(fitted({}, 100, 0)).toMatchObject({ max_steps: 95, epochs: 1, samples: 760 })
  expect(fitted({}, 100).max_steps).toBe(85)
  expect(fitted({ eval_strategy: 'epoch' }, 100).max_steps).toBe(75)
  expect(fitted({ eval_strategy: 'epoch', eval_on_start: true }, 200).max_steps).toBe(150)
  expect(fitted({ eval_strategy: 'steps', eval_steps: 20 }, 100).max_steps).toBe(55)
  expect(fitted({}, 1000)).toBe(plan)
})

test('rejects max_minutes that is too short for a step or the warm-up', () => {
  expect(() => fitted({}, 5)).toThrow(/max_minutes 1 is too short: a step takes 1.0 seconds, an evaluation 10/)
  expect(() => fitted({ warmup_steps: 200 }, 100)).toThrow('warmup_steps 200 exceeds the 85 steps that fit')
})

test('max_minutes and max_steps are mutually exclusive', () => {
  const args = { ...parseArguments({ max_minutes: 1, max_steps: 5, max_seq_length: 24, doc_stride: 4 }, 'test') }
  const facts = { engine: { device: 'cpu', precisions: [] }, validationExamples: 0, max_positions: 64, layers: 2 }
  const decided = { ...args, max_seq_length: 24, doc_stride: 4, version_2_with_negative: false, fp16: false }
  expect(() => checkArguments(decided, { ...facts, max_steps: 5 })).toThrow(
    'max_minutes and max_steps are mutually exclusive',
  )
})

/** A clock on which each batch takes one second, or `seconds()`, and nothing else takes time. */
function slowBatches(seconds = () => 1) {
  let time = 0
  const gradients: GradientFactory = async (...given) => {
    const source = await BatchGradient.open(...given)
    return {
      reset: () => source.reset(),
      release: () => source.release(),
      add(pass, masks) {
        time += 1000 * seconds()
        return source.add(pass, masks)
      },
    }
  }
  return { now: () => time, gradients }
}

const timed = { max_minutes: 0.25, num_train_epochs: 10, save_steps: 3, warmup_ratio: 0.2, logging_steps: 1 } as const

test('a run with max_minutes is bit-identical to a run with the same max_steps', async () => {
  const run = await trainTiny({ ...timed, output_dir: temporaryFolder() }, slowBatches())
  const steps = run.of('start')[0].plan.max_steps
  // 15 seconds, of which the measurement takes at most 5 at about one second each.
  expect(steps).toBeGreaterThan(6)
  expect(steps).toBeLessThan(15)
  expect(run.of('step')).toHaveLength(steps)
  expect(run.of('step').at(-1)!.time_left).toBeGreaterThanOrEqual(0)
  expect(run.log_history[0]).toMatchObject({ max_minutes: 0.25, max_steps: steps, step: 0 })
  const plain = { ...timed, max_minutes: null, max_steps: steps }
  const whole = await trainTiny({ ...plain, output_dir: temporaryFolder() })
  expect(run.weights.equals(whole.weights)).toBe(true)
  expect(run.of('step').map(({ learning_rate }) => learning_rate)).toEqual(
    whole.of('step').map(({ learning_rate }) => learning_rate),
  )
})

test('a resumed run keeps its planned number of steps and includes the time already spent', async () => {
  const whole = await trainTiny({ ...timed, output_dir: temporaryFolder() }, slowBatches())
  const output_dir = temporaryFolder()
  const first = await trainTiny(
    { ...timed, output_dir },
    { ...slowBatches(), until: (event) => event.type === 'save' && event.folder.endsWith('-3') },
  )
  const resume_from = join(output_dir, 'checkpoint-3')
  const second = await trainTiny({ ...timed, output_dir }, { ...slowBatches(), resume_from })
  expect(second.of('start')[0].plan).toEqual(first.of('start')[0].plan)
  expect(second.weights.equals(whole.weights)).toBe(true)
  expect(second.timeless).toEqual(whole.timeless)
  expect(second.of('step').at(-1)!.time_left).toBeCloseTo(whole.of('step').at(-1)!.time_left!)
})

test('a run that is slower than measured still ends in time, evaluated, saved and with the best model', async () => {
  let batches = 0
  const clock = slowBatches(() => (++batches > 8 ? 3 : 1))
  const best = { load_best_model_at_end: true, eval_strategy: 'steps', eval_steps: 3 } as const
  const run = await trainTiny({ ...timed, ...best, output_dir: temporaryFolder() }, clock)
  const last = run.of('step').at(-1)!
  expect(last.global_step).toBeLessThan(run.of('start')[0].plan.max_steps)
  expect(run.of('stopped early')[0].is_out_of_time).toBe(true)
  expect(run.of('evaluate').at(-1)!.entry.step).toBe(last.global_step)
  expect(run.of('save').at(-1)!.folder).toContain(`checkpoint-${last.global_step}`)
  expect(run.of('best loaded')).toHaveLength(1)
})

test('rejects max_minutes for a run that began without it', async () => {
  const output_dir = temporaryFolder()
  await trainTiny({ save_steps: 3, max_steps: 3, output_dir })
  const resumed = trainTiny({ max_minutes: 1, output_dir }, { resume_from: join(output_dir, 'checkpoint-3') })
  await expect(resumed).rejects.toThrow('max_minutes: the run began without it')
})
