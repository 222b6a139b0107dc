import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { trainTiny } from '../../tests/tiny-loop.ts'
import type { TrainingArgumentsInput } from './arguments.ts'
import type { TrainingEvent } from './events.ts'

const savedAt = (step: number) => (event: TrainingEvent) =>
  event.type === 'save' && event.folder.endsWith(`checkpoint-${step}`)

/** Stops a run at the checkpoint of a step, goes on from it, and holds the whole against a run that never stopped. */
async function expectSame(more: TrainingArgumentsInput, step: number) {
  const whole = await trainTiny({ ...more, output_dir: temporaryFolder() })
  const output_dir = temporaryFolder()
  const first = await trainTiny({ ...more, output_dir }, { until: savedAt(step) })
  expect(first.of('step').at(-1)?.global_step ?? 0).toBe(step)
  const resume_from = join(output_dir, `checkpoint-${step}`)
  const second = await trainTiny({ ...more, output_dir }, { resume_from })
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

test('the same run gives the same bits twice, and another seed does not', async () => {
  const run = (seed: number) => trainTiny({ seed, output_dir: temporaryFolder(), save_strategy: 'no', max_steps: 5 })
  const [one, two, other] = [await run(42), await run(42), await run(43)]
  expect(one.weights.equals(two.weights)).toBe(true)
  expect(one.timeless).toEqual(two.timeless)
  expect(other.weights.equals(one.weights)).toBe(false)
})
