import { cpSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeEngine } from '../../../tests/engines.ts'
import { float16Engine } from '../../../tests/float16-engine.ts'
import { readJson } from '../../../tests/squad-reference.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { exhaustiveOr, isExhaustive } from '../../../tests/thorough.ts'
import { type LoopChoice, trainTiny } from '../../../tests/tiny-loop.ts'
import { tinyModel } from '../../../tests/tiny-model.ts'
import { tinyFolder } from '../../../tests/tiny-squad.ts'
import { gradientName } from '../../models/programs.ts'
import type { DeviceStore, Engine } from '../../runtime/engine.ts'
import type { TrainingArgumentsInput } from '../arguments/arguments.ts'
import { distinctRows } from './resident-training.ts'

const STEPS = exhaustiveOr(20, 8)
const KEY = 'bert.encoder.layer.1.attention.self.key.weight'

const run = (more: TrainingArgumentsInput, choice?: LoopChoice) =>
  trainTiny({ save_strategy: 'no', report_to: [], output_dir: temporaryFolder(), ...more }, choice)

const floats = ({ weights }: Awaited<ReturnType<typeof run>>) =>
  new Float32Array(weights.buffer, weights.byteOffset, weights.length / 4)

function expectClose(found: Awaited<ReturnType<typeof run>>, expected: Awaited<ReturnType<typeof run>>): void {
  const losses = expected.of('step').map(({ loss }) => loss)
  for (const [i, { loss }] of found.of('step').entries())
    expect(Math.abs(loss - losses.at(i - found.of('step').length)!), `step ${i}`).toBeLessThan(1e-5)
  const weights = floats(expected)
  // Adam moves a weight by up to the learning rate even if its gradient is only rounding, as that of a key's bias.
  const far = floats(found).filter((weight, i) => Math.abs(weight - weights[i]) > 1e-5)
  expect(far.length).toBeLessThan(0.01 * weights.length)
}

/** An engine that replaces the gradient of a weight in pass `at`. */
function spoiling(engine: Engine, at: number, value: number): Engine {
  const spoil = (store: DeviceStore): DeviceStore => ({
    write: (values) => store.write(values),
    read: (slot) => store.read(slot),
    release: () => store.release(),
    async compile(graph, options = {}) {
      const executable = await store.compile(graph, options)
      let runs = 0
      return {
        async run(inputs, slots) {
          const results = await executable.run(inputs, slots)
          if (options.stays?.includes(gradientName(KEY)) && ++runs === at) {
            const gradient = await store.read(gradientName(KEY))
            gradient.data.fill(value as never, 7, 8)
            await store.write({ [gradientName(KEY)]: gradient })
          }
          return results
        },
      }
    },
  })
  return { ...engine, openStore: () => spoil(engine.openStore!()) }
}

describeEngine('webgpu', 'training on a device', (engine) => {
  test(`has the losses and weights of the CPU after ${STEPS} steps, with dropout and several passes`, async () => {
    const options = { layer_lr_decay: 0.8, ema_decay: 0.9 }
    const settings = { max_steps: STEPS, gradient_accumulation_steps: 2, max_tokens_per_pass: 64, ...options }
    expectClose(await run(settings, { engine }), await run(settings))
    const [teacher, other] = [engine, undefined].map((on) => tinyModel('b4/relu', on))
    expectClose(await run(settings, { engine, teacher }), await run(settings, { teacher: other }))
  })

  test('continues a run of the CPU, and a run of its own with the same bits', async () => {
    const output_dir = temporaryFolder()
    const saving = { output_dir, max_steps: 6, save_strategy: 'steps', save_steps: 3 } as const
    const evaluating = { eval_strategy: 'steps', eval_steps: 2 } as const
    const whole = await run({ ...saving, ...evaluating, output_dir: temporaryFolder() }, { engine })
    await run({ ...saving, ...evaluating }, { engine, until: ({ type }) => type === 'save' })
    const resume_from = join(output_dir, 'checkpoint-3')
    const resumed = await run({ ...saving, ...evaluating }, { engine, resume_from })
    expect(resumed.timeless).toEqual(whole.timeless)
    expect(resumed.weights.equals(whole.weights)).toBe(true)

    const other = temporaryFolder()
    await run({ ...saving, output_dir: other }, { until: ({ type }) => type === 'save' })
    const moved = await run({ ...saving, output_dir: other }, { engine, resume_from: join(other, 'checkpoint-3') })
    expectClose(moved, await run({ max_steps: 6 }))
  })

  test('runs no operator on the CPU', async () => {
    const folder = temporaryFolder()
    const profilePrefix = join(folder, 'profile')
    const openStore = () => engine.openStore!({ profilePrefix })
    await run({ max_steps: 1 }, { engine: { ...engine, openStore } })
    const profiles = readdirSync(folder).map((name) => readJson<ProfileEvent[]>(join(folder, name)))
    const kernels = profiles.flat().filter(({ name, args }) => name.endsWith('_kernel_time') && args?.op_name)
    expect(new Set(kernels.map(({ args }) => args?.provider))).toEqual(new Set(['WebGpuExecutionProvider']))
    expect(kernels.map(({ args }) => args?.op_name)).toEqual(expect.arrayContaining(['ScatterND', 'Sqrt', 'Gemm']))
  })

  test('stops, or skips the step, if a gradient is not finite, and names it', async () => {
    const infinite = () => ({ engine: spoiling(engine, 2, Infinity) })
    await expect(run({ max_steps: 3 }, infinite())).rejects.toThrow(`training: step 2: the loss is `)
    await expect(run({ max_steps: 3 }, infinite())).rejects.toThrow(`the gradient of ${KEY} contains Infinity`)
    const skipping = await run({ max_steps: 3, on_nonfinite: 'skip' }, infinite())
    expect(skipping.of('step').map(({ taken }) => taken)).toEqual([true, false, true])
    expect(floats(skipping).every(Number.isFinite)).toBe(true)
  })

  test('takes a step whose gradient has a square that is not finite in float32', async () => {
    const huge = await run({ max_steps: 3 }, { engine: spoiling(engine, 2, 1e25) })
    expect(huge.of('step').map(({ taken, grad_norm }) => [taken, grad_norm > 1e20])[1]).toEqual([true, true])
  })

  test('has the same bits if its steps were measured before', async () => {
    const [plain, measured] = [
      await run({ max_steps: 2 }, { engine }),
      await run({ max_steps: 2, max_minutes: 60 }, { engine }),
    ]
    expect(measured.of('step').map(({ loss }) => loss)).toEqual(plain.of('step').map(({ loss }) => loss))
  })

  test.runIf(engine.precisions.includes('float16'))('is as close to float32 in float16 as the CPU', async () => {
    const half = { max_steps: 6, fp16: true, learning_rate: 1e-4 }
    const [found, emulated] = [await run(half, { engine }), await run(half, { engine: float16Engine })]
    const losses = emulated.of('step').map(({ loss }) => loss)
    for (const [i, { loss, loss_scale }] of found.of('step').entries()) {
      expect(Math.abs(loss - losses[i]), `step ${i}`).toBeLessThan(5e-3)
      expect(loss_scale).toBe(65536)
    }
  })

  test('stops if the update is not finite', async () => {
    const overflow = { learning_rate: 10, weight_decay: 3e38, warmup_steps: 2, max_steps: 4 } as const
    const message = await run(overflow).catch((error: Error) => error.message)
    await expect(run(overflow, { engine })).rejects.toThrow(message as string)
  })

  test.runIf(isExhaustive)('takes no more memory after 300 steps', async () => {
    const model = withoutDropout()
    const megabytes: number[] = []
    await run(
      { max_steps: 300, num_train_epochs: 20, per_device_train_batch_size: 1 },
      {
        ...{ engine, model },
        async onEvent(event) {
          if (event.type === 'step' && [100, 300].includes(event.global_step))
            megabytes.push(process.memoryUsage().rss / 2 ** 20)
        },
      },
    )
    expect(megabytes[1] - megabytes[0]).toBeLessThan(60)
  })
})

/** A copy of the tiny model that drops nothing. */
function withoutDropout(): string {
  const folder = temporaryFolder()
  cpSync(tinyFolder, folder, { recursive: true })
  const config = join(folder, 'config.json')
  const none = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 }
  writeFileSync(config, JSON.stringify({ ...readJson<object>(config), ...none }))
  return folder
}

interface ProfileEvent {
  readonly name: string
  readonly args?: { readonly provider?: string; readonly op_name?: string }
}

test('distinct rows leave out the row of padding', () => {
  expect(distinctRows(Int32Array.of(7, 0, 3, 7), 0)).toEqual({
    unique: Int32Array.of(3, 7),
    slots: Int32Array.of(1, -1, 0, 1),
  })
  expect(distinctRows(Int32Array.of(5, 5), 5)).toEqual({ unique: Int32Array.of(0), slots: Int32Array.of(-1, -1) })
})
