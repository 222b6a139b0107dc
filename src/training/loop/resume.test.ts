import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { describeEnginesInFull, describeOpenVino } from '../../../tests/engines.ts'
import { rewriteProgress } from '../../../tests/rewrite-progress.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { trainTiny } from '../../../tests/tiny-loop.ts'
import type { Engine } from '../../runtime/engine.ts'
import type { TrainingArgumentsInput } from '../arguments/arguments.ts'
import { readLoopState } from '../checkpoints/run-checkpoint.ts'
import type { TrainingEvent } from './events.ts'

const savedAt = (step: number) => (event: TrainingEvent) =>
  event.type === 'save' && event.folder.endsWith(`checkpoint-${step}`)

/** Interrupts a run at a checkpoint, resumes it, and compares the result with that of an uninterrupted run. */
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

describe('A resumed run is bit-identical to an uninterrupted run', () => {
  test('from the middle of an epoch, of a log interval and of a mean training loss', async () => {
    await expectSame({ save_steps: 4, logging_steps: 3, eval_strategy: 'epoch' }, 4)
  })

  test('from the last step of an epoch, saved before the evaluation of the epoch', async () => {
    const { first, second } = await expectSame({ save_steps: 6, logging_steps: 4, eval_strategy: 'epoch' }, 6)
    expect(first.of('evaluate')).toHaveLength(0)
    expect(second.of('evaluate').map(({ entry }) => entry.step)).toEqual([6, 12])
  })

  test('from the last step of an epoch, saved before the epoch was logged and saved', async () => {
    await expectSame({ save_steps: 6, logging_strategy: 'epoch' }, 6)
  })

  test('from a checkpoint after the evaluation of its epoch, which is not repeated', async () => {
    const { second } = await expectSame({ save_strategy: 'epoch', eval_strategy: 'epoch' }, 6)
    expect(second.of('evaluate').map(({ entry }) => entry.step)).toEqual([12])
  })

  test('with accumulated batches and fewer batches at the end of an epoch', async () => {
    await expectSame({ save_steps: 3, gradient_accumulation_steps: 4, num_train_epochs: 3 }, 3)
  })

  test('from the evaluation before the first step, which is not repeated', async () => {
    const best = { eval_on_start: true, save_strategy: 'best', eval_strategy: 'epoch' } as const
    const { second } = await expectSame(best, 0)
    expect(second.of('evaluate').map(({ entry }) => entry.step)).toEqual([6, 12])
  })

  test('with the remaining patience of early stopping', async () => {
    // No evaluation is better by 100, so the first is the best and the third exhausts the patience.
    const impatient = { early_stopping_patience: 2, early_stopping_threshold: 100, num_train_epochs: 5 }
    const { second } = await expectSame({ ...impatient, eval_strategy: 'epoch', save_strategy: 'epoch' }, 12)
    expect(second.of('stopped early')[0].global_step).toBe(18)
  })

  test('with frozen layers, whose file is deleted at the end', async () => {
    await expectSame({ freeze_layers: 1, save_steps: 4 }, 4)
  })
})

describe('Dropout of a resumed run', () => {
  const settings = { save_steps: 4, max_steps: 12 }
  const progress = (folder: string) => JSON.parse(readFileSync(join(folder, 'progress.json'), 'utf8'))
  const withoutVersion = (folder: string) => rewriteProgress(folder, ({ version, ...rest }) => rest)

  async function begun(): Promise<{ output_dir: string; resume_from: string }> {
    const output_dir = temporaryFolder()
    await trainTiny({ ...settings, output_dir }, { until: savedAt(4) })
    return { output_dir, resume_from: join(output_dir, 'checkpoint-4') }
  }

  test('is drawn as by spanforge 0.1 where its checkpoint has no version, however often it resumes', async () => {
    const { output_dir, resume_from } = await begun()
    expect(progress(resume_from).version).toBe(2)
    const { weights: byWindows } = await trainTiny({ ...settings, output_dir }, { resume_from })
    await withoutVersion(resume_from)
    const { weights: byPasses } = await trainTiny({ ...settings, output_dir }, { resume_from })
    expect(byPasses.equals(byWindows)).toBe(false)
    expect(progress(join(output_dir, 'checkpoint-8'))).not.toHaveProperty('version')
    const again = await trainTiny({ ...settings, output_dir }, { resume_from: join(output_dir, 'checkpoint-8') })
    expect(again.weights.equals(byPasses)).toBe(true)
  })

  test('is rejected, and nothing is trained, where a newer spanforge wrote the checkpoint', async () => {
    const { output_dir, resume_from } = await begun()
    await rewriteProgress(resume_from, (progress) => ({ ...progress, version: 3, steps_taken: 'many' }))
    await expect(trainTiny({ ...settings, output_dir }, { resume_from })).rejects.toThrow(
      /checkpoint-4.progress.json: found version 3 of checkpoints, expected 2 or lower: a newer spanforge wrote it\n.*--model/,
    )
  })

  test('is rejected where the version is not a number that there was', async () => {
    const { resume_from } = await begun()
    for (const version of [0, 1, -1, 1.5, '2', null]) {
      await rewriteProgress(resume_from, (progress) => ({ ...progress, version }))
      await expect(readLoopState(resume_from), String(version)).rejects.toThrow(/invalid training progress: version/)
    }
  })
})

describe('A run killed after renaming its last checkpoint but before removing older ones', () => {
  const saves = { save_steps: 4, max_steps: 12 }
  const checkpoints = (output_dir: string) => readdirSync(output_dir).filter((name) => name.startsWith('checkpoint-'))

  /** At that time nothing has been removed, as in a run without a limit. */
  async function killed(more: TrainingArgumentsInput): Promise<string> {
    const output_dir = temporaryFolder()
    await trainTiny({ ...saves, ...more, output_dir, save_total_limit: null }, { until: savedAt(12) })
    expect(checkpoints(output_dir).sort()).toEqual(['checkpoint-12', 'checkpoint-4', 'checkpoint-8'])
    return output_dir
  }

  test('removes them when it is resumed, even if there is nothing left to save', async () => {
    const output_dir = await killed({})
    const resume_from = join(output_dir, 'checkpoint-12')
    const { of } = await trainTiny({ ...saves, output_dir, save_total_limit: 2 }, { resume_from })
    expect(of('save')).toEqual([])
    expect(checkpoints(output_dir).sort()).toEqual(['checkpoint-12', 'checkpoint-8'])
  })

  test('keeps the best one, even if it is the oldest', async () => {
    // Exact match remains 0. The first of several equal evaluations is the best.
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

  test('keeps later checkpoints after resuming from an earlier step, until it saves', async () => {
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

describeEnginesInFull('the same run', (engine) => {
  test('is bit-identical with the same seed and differs with another seed', async () => {
    const settings = { save_strategy: 'no', max_steps: 5 } as const
    const run = (seed: number) => trainTiny({ ...settings, seed, output_dir: temporaryFolder() }, { engine })
    const [one, two, other] = [await run(42), await run(42), await run(43)]
    expect(one.weights.equals(two.weights)).toBe(true)
    expect(one.timeless).toEqual(two.timeless)
    expect(other.weights.equals(one.weights)).toBe(false)
  })
})
