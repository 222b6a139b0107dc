import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { describeEngines, describeOpenVino } from '../../../tests/engines.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { trainTiny } from '../../../tests/tiny-loop.ts'
import type { Engine } from '../../runtime/engine.ts'
import type { TrainingArgumentsInput } from '../arguments/arguments.ts'
import type { TrainingEvent } from './events.ts'

const savedAt = (step: number) => (event: TrainingEvent) =>
  event.type === 'save' && event.folder.endsWith(`checkpoint-${step}`)

/** Stops a run at the checkpoint of a step, goes on from it, and holds the whole against a run that never stopped. */
async function expectSame(more: TrainingArgumentsInput, step: number, engine?: Engine) {
  const whole = await trainTiny({ ...more, output_dir: temporaryFolder() }, { engine })
  const output_dir = temporaryFolder()
  const first = await trainTiny({ ...more, output_dir }, { until: savedAt(step), engine })
  expect(first.of('step').at(-1)?.global_step ?? 0).toBe(step)
  const resume_from = join(output_dir, `checkpoint-${step}`)
  const second = await trainTiny({ ...more, output_dir }, { resume_from, engine })
  expect(second.of('step')[0].global_step).toBe(step + 1)
  expect(second.timeless).toEqual(whole.timeless)
  expect(second.weights.equals(whole.weights)).toBe(true)
  return { whole, first, second }
}

describe('A resumed run is bit for bit the run that never stopped', () => {
  test('from the middle of an epoch, of a log interval and of a mean training loss', async () => {
    await expectSame({ save_steps: 4, logging_steps: 3, eval_strategy: 'epoch' }, 4)
  })

  test("from an epoch's last step, saved before the epoch was evaluated: that comes first", async () => {
    const { first, second } = await expectSame({ save_steps: 6, logging_steps: 4, eval_strategy: 'epoch' }, 6)
    expect(first.of('evaluate')).toHaveLength(0)
    expect(second.of('evaluate').map(({ entry }) => entry.step)).toEqual([6, 12])
  })

  test("from an epoch's last step, saved before the epoch was logged and saved itself", async () => {
    await expectSame({ save_steps: 6, logging_strategy: 'epoch' }, 6)
  })

  test('from a checkpoint after the evaluation of its epoch, which is not repeated', async () => {
    const { second } = await expectSame({ save_strategy: 'epoch', eval_strategy: 'epoch' }, 6)
    expect(second.of('evaluate').map(({ entry }) => entry.step)).toEqual([12])
  })

  test('with accumulated batches, the last of an epoch fewer', async () => {
    await expectSame({ save_steps: 3, gradient_accumulation_steps: 4, num_train_epochs: 3 }, 3)
  })

  test('from the evaluation before the first step, which is not repeated', async () => {
    const best = { eval_on_start: true, save_strategy: 'best', eval_strategy: 'epoch' } as const
    const { second } = await expectSame(best, 0)
    expect(second.of('evaluate').map(({ entry }) => entry.step)).toEqual([6, 12])
  })

  test('with the patience of early stopping as it was', async () => {
    // No evaluation is better by 100: the first is the best, the third is one too many.
    const impatient = { early_stopping_patience: 2, early_stopping_threshold: 100, num_train_epochs: 5 }
    const { second } = await expectSame({ ...impatient, eval_strategy: 'epoch', save_strategy: 'epoch' }, 12)
    expect(second.of('stopped early')[0].global_step).toBe(18)
  })

  test('with frozen layers, whose file goes with the run', async () => {
    await expectSame({ freeze_layers: 1, save_steps: 4 }, 4)
  })
})

describe('A run killed when its last checkpoint had its name but older ones were not yet removed', () => {
  const saves = { save_steps: 4, max_steps: 12 }
  const checkpoints = (output_dir: string) => readdirSync(output_dir).filter((name) => name.startsWith('checkpoint-'))

  /** At that instant nothing is removed: the folder is as without a limit. */
  async function killed(more: TrainingArgumentsInput): Promise<string> {
    const output_dir = temporaryFolder()
    await trainTiny({ ...saves, ...more, output_dir, save_total_limit: null }, { until: savedAt(12) })
    expect(checkpoints(output_dir).sort()).toEqual(['checkpoint-12', 'checkpoint-4', 'checkpoint-8'])
    return output_dir
  }

  test('has them removed when it goes on, even with nothing more to save', async () => {
    const output_dir = await killed({})
    const resume_from = join(output_dir, 'checkpoint-12')
    const { of } = await trainTiny({ ...saves, output_dir, save_total_limit: 2 }, { resume_from })
    expect(of('save')).toEqual([])
    expect(checkpoints(output_dir).sort()).toEqual(['checkpoint-12', 'checkpoint-8'])
  })

  test('still has its best one then, though it is the oldest', async () => {
    // Exact match stays at 0: of equal evaluations the first is the best.
    const best = { eval_strategy: 'steps', metric_for_best_model: 'exact_match', load_best_model_at_end: true } as const
    const output_dir = await killed({ ...best, eval_steps: 4 })
    const resume_from = join(output_dir, 'checkpoint-12')
    const { of } = await trainTiny(
      { ...saves, ...best, eval_steps: 4, output_dir, save_total_limit: 2 },
      { resume_from },
    )
    expect(of('best loaded')[0].folder).toBe(join(output_dir, 'checkpoint-4'))
    expect(checkpoints(output_dir).sort()).toEqual(['checkpoint-12', 'checkpoint-4'])
  })

  test('keeps what lies ahead when it goes back, until it saves', async () => {
    const output_dir = await killed({})
    const [resume_from, settings] = [join(output_dir, 'checkpoint-4'), { ...saves, output_dir, save_total_limit: 1 }]
    await trainTiny(settings, { resume_from, until: ({ type }) => type === 'step' })
    expect(checkpoints(output_dir)).toHaveLength(3)
    await trainTiny(settings, { resume_from, until: savedAt(8) })
    expect(checkpoints(output_dir)).toEqual(['checkpoint-8'])
  })
})

describeOpenVino('A resumed run on OpenVINO is bit for bit the run that never stopped', (engine) => {
  test('from the middle of an epoch, with an evaluation after it', async () => {
    await expectSame({ save_steps: 4, logging_steps: 3, eval_strategy: 'epoch' }, 4, engine)
  })
})

describeEngines('the same run', (engine) => {
  test('gives the same bits twice, and another seed does not', async () => {
    const settings = { save_strategy: 'no', max_steps: 5 } as const
    const run = (seed: number) => trainTiny({ ...settings, seed, output_dir: temporaryFolder() }, { engine })
    const [one, two, other] = [await run(42), await run(42), await run(43)]
    expect(one.weights.equals(two.weights)).toBe(true)
    expect(one.timeless).toEqual(two.timeless)
    expect(other.weights.equals(one.weights)).toBe(false)
  })
})
