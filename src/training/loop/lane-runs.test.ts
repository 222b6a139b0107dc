import { expect, test } from 'vitest'
import { separateMemory } from '../../../tests/separate-memory.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { trainTiny } from '../../../tests/tiny-loop.ts'
import type { CompileOptions, Engine, RunOptions } from '../../runtime/engine.ts'
import { onnxruntime } from '../../runtime/onnxruntime.ts'
import type { TrainingArgumentsInput } from '../arguments/arguments.ts'

const settings = { max_tokens_per_pass: 60, eval_strategy: 'epoch', save_strategy: 'no' } as const

const run = (engine: Engine, more: TrainingArgumentsInput = {}) =>
  trainTiny({ ...settings, ...more, output_dir: temporaryFolder() }, { engine })

/** Counts how many runs of an engine with two lanes are computed at once. */
function twoLanes(base: Engine = onnxruntime) {
  const seen = { lanes: new Set<number | undefined>(), atOnce: 0, alone: 0 }
  let running = 0
  const engine: Engine = {
    ...base,
    lanes: 2,
    async compile(graph, options: CompileOptions = {}) {
      const inner = await base.compile(graph, options)
      seen.lanes.add(options.lane)
      return {
        ...inner,
        async run(inputs, outputs, { isShared }: RunOptions = {}) {
          seen.atOnce = Math.max(seen.atOnce, ++running)
          if (!isShared) seen.alone++
          if (!isShared) expect(running).toBe(1)
          await inner.run(inputs, outputs)
          running--
        },
      }
    },
  }
  return { engine, seen }
}

test.each<[what: string, more: TrainingArgumentsInput]>([
  ['', {}],
  [' with accumulated batches', { gradient_accumulation_steps: 2 }],
  [' of frozen layers', { freeze_layers: 1 }],
])(
  'A run%s in two lanes differs from a run in one by rounding only, and is the same bits each time',
  async (_, more) => {
    const one = await run(onnxruntime, more)
    const { engine, seen } = twoLanes()
    const [two, again] = [await run(engine, more), await run(engine, more)]
    // In evaluations, each lane has its next pass while it computes.
    expect(seen).toMatchObject({ lanes: new Set([undefined, 0, 1]), atOnce: 4 })
    expect(again.weights.equals(two.weights)).toBe(true)
    expect(again.timeless).toEqual(two.timeless)
    for (const [i, { loss }] of one.of('step').entries()) expect(two.of('step')[i].loss).toBeCloseTo(loss, 4)
  },
)

test('and the same bits on an engine with separate memory', async () => {
  const shared = await run(twoLanes().engine)
  const separate = await run(twoLanes(separateMemory().engine).engine)
  expect(separate.weights.equals(shared.weights)).toBe(true)
})

test('A batch of one window has all cores', async () => {
  const { engine, seen } = twoLanes()
  await run(engine, { per_device_train_batch_size: 1, max_steps: 2, eval_strategy: 'no' })
  expect(seen.atOnce).toBe(1)
  expect(seen.alone).toBeGreaterThanOrEqual(2)
})
