import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fakeRanks } from '../../../tests/fake-ranks.ts'
import { float16Engine } from '../../../tests/float16-engine.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { itInFull } from '../../../tests/thorough.ts'
import { type LoopChoice, trainTiny } from '../../../tests/tiny-loop.ts'
import { tinyModel } from '../../../tests/tiny-model.ts'
import type { Ranks } from '../../ranks/ranks.ts'
import type { Executable } from '../../runtime/engine.ts'
import { defaultEngine } from '../../runtime/registry.ts'
import type { TrainingArgumentsInput } from '../arguments/arguments.ts'
import { readLoopState } from '../checkpoints/run-checkpoint.ts'
import type { TrainingEvent } from './events.ts'
import type { GradientFactory } from './gradient-source.ts'
import { BatchGradient } from './gradients.ts'

type Run = Awaited<ReturnType<typeof trainTiny>>

const BATCH = 4

/** Trains on several ranks, with the global batches of one process. */
const trainOnRanks = (
  ranks: number | Ranks[],
  more: TrainingArgumentsInput,
  choice: LoopChoice | ((rank: number) => LoopChoice) = {},
): Promise<Run[]> =>
  Promise.all(
    (typeof ranks === 'number' ? fakeRanks(ranks) : ranks).map((own) => {
      const per_device_train_batch_size = Math.ceil(BATCH / own.size)
      const chosen = typeof choice === 'function' ? choice(own.rank) : choice
      return trainTiny({ ...more, per_device_train_batch_size }, { ...chosen, ranks: own, batch_size: BATCH })
    }),
  )

/** Equal up to the rounding of sums in another order, grown over 12 steps. */
function expectClose(run: Run, other: Run): void {
  const steps = (of: Run) => of.of('step').map(({ loss, grad_norm }) => [loss, grad_norm])
  expect(run.of('step').map(({ samples, tokens }) => [samples, tokens])).toEqual(
    other.of('step').map(({ samples, tokens }) => [samples, tokens]),
  )
  for (const [i, [loss, norm]] of steps(run).entries()) {
    expect(Math.abs(loss - steps(other)[i][0]), `loss of step ${i}`).toBeLessThan(2e-6)
    expect(Math.abs(norm / steps(other)[i][1] - 1), `norm of step ${i}`).toBeLessThan(2e-5)
  }
  const [a, b] = [run, other].map(({ weights }) => new Float32Array(Uint8Array.from(weights).buffer))
  // The gradients of key biases are 0 but for rounding, and AdamW makes steps of full size of them.
  const differing = a.filter((value, i) => Math.abs(value - b[i]) > 2e-5)
  expect(differing.length / a.length).toBeLessThan(0.01)
  const [evaluated, expected] = [run, other].map((one) => one.of('evaluate').map(({ entry }) => entry.eval_loss))
  for (const [i, loss] of evaluated.entries()) expect(loss).toBeCloseTo(expected[i]!, 5)
}

const save = { eval_strategy: 'epoch', save_strategy: 'epoch' } as const

describe('a run on several ranks', () => {
  test.each([
    [2, {}],
    [4, { gradient_accumulation_steps: 2 }],
    [5, { group_by_length: true }],
  ] as const)('has the losses, norms, weights and evaluations of one process: %i ranks, %o', async (size, more) => {
    const alone = await trainTiny({ ...more, ...save, output_dir: temporaryFolder() })
    const output_dir = temporaryFolder()
    const runs = await trainOnRanks(size, { ...more, ...save, output_dir })
    for (const run of runs) {
      expectClose(run, alone)
      expect(run.weights.equals(runs[0].weights)).toBe(true)
    }
    // Only the first rank writes.
    expect(runs.map((run) => run.of('save').length)).toEqual([2, ...Array(size - 1).fill(0)])
    expect(readdirSync(output_dir).sort()).toHaveLength(2)
  })

  itInFull('is the same each time, bit for bit', async () => {
    const [first] = await trainOnRanks(3, { output_dir: temporaryFolder() })
    const [second] = await trainOnRanks(3, { output_dir: temporaryFolder() })
    expect(second.weights.equals(first.weights)).toBe(true)
    expect(second.timeless).toEqual(first.timeless)
  })

  test('computes frozen layers once, and each host has a file with all of them', async () => {
    const more = { freeze_layers: 1, max_tokens_per_pass: 64 }
    const alone = await trainTiny({ ...more, ...save, output_dir: temporaryFolder() })
    const output_dir = temporaryFolder()
    const files = new Set<string>()
    const passes = [0, 0, 0]
    const runs = await trainOnRanks(fakeRanks(3, 2), { ...more, ...save, output_dir }, (rank) => ({
      engine: {
        ...defaultEngine,
        async compile(graph, options) {
          const executable = await defaultEngine.compile(graph, options)
          if (!('hidden' in graph)) return executable
          const run = (...args: Parameters<Executable['run']>) => {
            passes[rank]++
            return executable.run(...args)
          }
          return Object.assign(Object.create(executable), { run })
        },
      },
      onEvent: async () => {
        for (const name of readdirSync(output_dir)) if (name.startsWith('.frozen')) files.add(name)
      },
    }))
    for (const run of runs) expectClose(run, alone)
    expect([...files].sort()).toEqual(['.frozen-layers-0.bin', '.frozen-layers-2.bin'])
    expect(readdirSync(output_dir).filter((name) => name.startsWith('.frozen'))).toEqual([])
    const total = passes.reduce((sum, count) => sum + count, 0)
    expect(total).toBeGreaterThan(6)
    for (const count of passes) expect(Math.abs(count - total / 3)).toBeLessThanOrEqual(1)
  })

  test('computes the logits of a teacher once, with the bits of one process', async () => {
    const more = { max_tokens_per_pass: 64 }
    const files = new Map<string, Buffer>()
    const saving = (output_dir: string) => async (event: TrainingEvent) => {
      const names = readdirSync(output_dir).filter((name) => name.startsWith('.teacher'))
      if (event.type === 'step') for (const name of names) files.set(name, readFileSync(join(output_dir, name)))
    }
    const alone_dir = temporaryFolder()
    const teacher = tinyModel('b4/relu')
    const alone = await trainTiny({ ...more, ...save, output_dir: alone_dir }, { teacher, onEvent: saving(alone_dir) })
    const output_dir = temporaryFolder()
    const runs = await trainOnRanks(fakeRanks(3, 2), { ...more, ...save, output_dir }, () => ({
      teacher: tinyModel('b4/relu'),
      onEvent: saving(output_dir),
    }))
    for (const run of runs) expectClose(run, alone)
    expect([...files.keys()].sort()).toEqual(['.teacher-logits-0.bin', '.teacher-logits-2.bin', '.teacher-logits.bin'])
    for (const bytes of files.values()) expect(bytes.equals(files.get('.teacher-logits.bin')!)).toBe(true)
    expect(readdirSync(output_dir).filter((name) => name.includes('.teacher'))).toEqual([])
  })

  test('exchanges gradients in bfloat16, with the same weights on all ranks', async () => {
    const [exact] = await trainOnRanks(3, { max_steps: 1, output_dir: temporaryFolder() })
    const runs = await trainOnRanks(3, { max_steps: 1, reduce_dtype: 'bf16', output_dir: temporaryFolder() })
    const [{ loss, grad_norm }, expected] = [runs[0], exact].map((run) => run.of('step')[0])
    expect(loss).toBe(expected.loss)
    expect(grad_norm).not.toBe(expected.grad_norm)
    expect(Math.abs(grad_norm / expected.grad_norm - 1)).toBeLessThan(2 ** -8)
    for (const run of runs) expect(run.weights.equals(runs[0].weights)).toBe(true)
  })

  test('skips a step in float16 on all ranks if the gradients of one overflow', async () => {
    let steps = 0
    const overflowing: GradientFactory = async (model, gradients, options) => {
      const source = await BatchGradient.open(model, gradients, options)
      const join = (loss: number) => {
        source.join(loss)
        if (++steps === 2) gradients[5] = Infinity
        return loss
      }
      return Object.assign(Object.create(source), { join })
    }
    const float16 = { fp16: true, max_steps: 4, save_strategy: 'no', output_dir: temporaryFolder() } as const
    const runs = await trainOnRanks(2, float16, (rank) => ({
      engine: float16Engine,
      ...(rank === 1 && { gradients: overflowing }),
    }))
    for (const run of runs) {
      expect(run.of('step').map(({ taken, loss_scale }) => [taken, loss_scale])).toEqual([
        [true, 65536],
        [false, 65536],
        [true, 32768],
        [true, 32768],
      ])
      expect(run.weights.equals(runs[0].weights)).toBe(true)
    }
  })

  test('follows the clock of the first rank for max_minutes', async () => {
    // The clocks of the ranks run at different speeds: 3, 50 and 0 seconds at each look.
    const clockOf = (rank: number) => {
      let looks = 0
      return { now: () => 1000 * [3, 50, 0][rank] * looks++ }
    }
    const output_dir = temporaryFolder()
    const runs = await trainOnRanks(3, { ...save, max_minutes: 1, output_dir }, clockOf)
    const stepsOf = (run: Run) => run.of('step').map(({ global_step }) => global_step)
    for (const run of runs) {
      expect(run.of('start')[0].plan).toEqual(runs[0].of('start')[0].plan)
      expect(stepsOf(run)).toEqual(stepsOf(runs[0]))
      expect(run.weights.equals(runs[0].weights)).toBe(true)
    }
    expect(stepsOf(runs[0]).length).toBeGreaterThan(0)
    expect(stepsOf(runs[0]).length).toBeLessThan(12)
  })

  test('has the best weights on all ranks at the end, although only the first one reads them', async () => {
    const best = { load_best_model_at_end: true, metric_for_best_model: 'loss', greater_is_better: true } as const
    const output_dir = temporaryFolder()
    const runs = await trainOnRanks(3, { ...save, ...best, output_dir })
    for (const run of runs) {
      expect(run.of('best loaded').map(({ folder }) => folder)).toEqual([join(output_dir, 'checkpoint-6')])
      expect(run.weights.equals(runs[0].weights)).toBe(true)
    }
  })

  test('can be resumed with any other number of ranks', async () => {
    const alone = await trainTiny({ ...save, output_dir: temporaryFolder() })
    const output_dir = temporaryFolder()
    // The run ends at its first evaluation, after the checkpoint of step 6.
    const until = ({ type }: TrainingEvent) => type === 'evaluate'
    await trainOnRanks(2, { ...save, save_strategy: 'steps', save_steps: 6, output_dir }, { until })
    const resume_from = join(output_dir, 'checkpoint-6')
    expect((await readLoopState(resume_from))?.batch_size).toBe(BATCH)
    const args = { ...save, output_dir, per_device_train_batch_size: 2 }
    const resumed = await Promise.all(fakeRanks(3).map((ranks) => trainTiny(args, { resume_from, ranks })))
    const single = await trainTiny(args, { resume_from })
    for (const run of [...resumed, single]) {
      expect(run.of('step').map(({ samples }) => samples)).toEqual(
        alone
          .of('step')
          .slice(6)
          .map(({ samples }) => samples),
      )
      expect(run.of('step').at(-1)!.loss).toBeCloseTo(alone.of('step').at(-1)!.loss, 5)
    }
  })

  test('stops together when one rank is asked to', async () => {
    const output_dir = temporaryFolder()
    const controller = new AbortController()
    const runs = await Promise.all(
      fakeRanks(2).map((ranks) => {
        const control = ranks.rank === 1 ? { signal: controller.signal } : {}
        const onEvent = async (event: TrainingEvent) => {
          if (event.type === 'step' && event.global_step === 3 && ranks.rank === 1) controller.abort()
        }
        return trainTiny({ output_dir }, { ranks, batch_size: BATCH, control, onEvent })
      }),
    )
    expect(runs.map((run) => run.of('interrupted').map(({ global_step }) => global_step))).toEqual([[3], [3]])
    expect(readdirSync(output_dir)).toEqual(['checkpoint-3'])
  })

  test('ends on all ranks if the weights differ', async () => {
    const output_dir = temporaryFolder()
    const [first, second] = fakeRanks(2)
    const broken = {
      ...second,
      async sum(values: Float32Array) {
        await second.sum(values)
        values[0] += 1
      },
    }
    const runs = [first, broken].map((ranks) => trainTiny({ ...save, output_dir }, { ranks, batch_size: BATCH }))
    for (const run of runs)
      await expect(run).rejects.toThrow(
        'after step 6, the weights on rank 1 (host-1) differ from those on rank 0 (host-0)',
      )
    expect(readdirSync(output_dir)).toEqual([])
  })
})
