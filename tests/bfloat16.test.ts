import { expect, test } from 'vitest'
import { randomModel } from '../src/inference/pretrained.ts'
import { MODEL_TYPES } from '../src/models/registry.ts'
import type { Engine } from '../src/runtime/engine.ts'
import { parseArguments } from '../src/training/arguments/arguments.ts'
import { Stepper } from '../src/training/loop/stepper.ts'
import { batchGradient, cosine, type Gradients } from './batch-gradient.ts'
import { describeEngines } from './engines.ts'
import { firstWindows, isDetermined, miniLm } from './minilm-model.ts'
import { describeShared, shared } from './shared.ts'
import { type Sizes, smallBatch, smallConfig, smallWindows } from './small-families.ts'
import { readJson } from './squad-reference.ts'
import { isExhaustive, thoroughOr } from './thorough.ts'
import { recordedBatch, unpadded, withoutDropout } from './tiny-model.ts'

// 1 - cosine between the gradients of a parameter. On these windows torch's autocast is up to 1.5e-4 away from its own
// float32, oneDNN 7.2e-5 (with AMX 9.1e-5) and OpenVINO 2.7e-4; gradients of queries and keys, which are small differences,
// are among the farthest.
const COSINE: Readonly<Record<string, number>> = { onednn: 1e-4, openvino: 3e-4 }
// Measured: oneDNN 3.6e-5 (with AMX 4.3e-5); OpenVINO 1.02e-4 with AMX and less without.
const MEAN_COSINE: Readonly<Record<string, number>> = { onednn: 5e-5, openvino: 1.2e-4 }
const LOSS = 5e-3

// How far the losses of the recorded float32 steps may be away. Measured: 1.1e-3.
const CURVE = 0.02
const STEPS = 30
const BATCH = 8

describeShared('bfloat16 on eight real windows of MiniLM', () => describeEngines('gradients', expectGradients))
describeShared('bfloat16 on the recorded steps of MiniLM', () => describeEngines('losses', expectCurve))

function expectGradients(engine: Engine): void {
  test.runIf(engine.precisions.includes('bfloat16'))(
    'point where those of float32 point, and are the same bits in every run',
    async () => {
      const batch = unpadded(recordedBatch(shared('reference/minilm/batch-longest.safetensors')))
      const [exact, rounded] = [await miniLm(), await miniLm(engine)]
      const expected = await batchGradient(exact, batch)
      const gradients = () => batchGradient(rounded, batch, 4, undefined, { bf16: true })
      const found = await gradients()
      expect(Math.abs(found.loss - expected.loss)).toBeLessThan(LOSS)
      const determined = exact.specs.filter(({ name }) => isDetermined(name))
      const distances = determined.map(({ name }) => 1 - cosine(found.view(name), expected.view(name)))
      for (const [i, { name }] of determined.entries()) expect(distances[i], name).toBeLessThan(COSINE[engine.name])
      expect(distances.reduce((a, b) => a + b) / distances.length).toBeLessThan(MEAN_COSINE[engine.name])
      expect(Buffer.compare(bytes(await gradients()), bytes(found))).toBe(0)
      await Promise.all([exact.release(), rounded.release()])
    },
    120_000,
  )
}

describeEngines('bfloat16 in every family', (engine) => {
  // Heads as wide as those of real models, and narrow ones, whose halves that rotate are not rounded.
  const sizes: readonly Sizes[] = [
    { hidden: 64, inner: 96, heads: 2 },
    { hidden: 32, inner: 48, heads: 4 },
  ]
  const cases = sizes.flatMap((size) => MODEL_TYPES.map((type) => ({ type, ...size })))
  const has = engine.precisions.includes('bfloat16')

  test.runIf(has).each(cases)('$type, $heads heads of $hidden numbers: gradients point as in float32', async (c) => {
    const config = smallConfig(c.type, c)
    const [exact, rounded] = [randomModel(config, {}), randomModel(config, { engine })].map(withoutDropout)
    const batch = smallBatch([40, 21])
    const expected = await batchGradient(exact, batch)
    const found = await batchGradient(rounded, batch, 2, undefined, { bf16: true })
    expect(Math.abs(found.loss - expected.loss)).toBeLessThan(LOSS)
    expect(1 - cosine(found.all, expected.all)).toBeLessThan(COSINE[engine.name])
    await Promise.all([exact.release(), rounded.release()])
  })

  test.runIf(has && isExhaustive).each(MODEL_TYPES)(
    '%s: the losses of twenty steps with dropout stay close to those of float32',
    async (type) => {
      const windows = smallWindows(Array.from({ length: 20 }, (_, i) => 20 + ((11 * i) % 37)))
      const losses = async (bf16: boolean) => {
        const model = randomModel(smallConfig(type, sizes[0]), bf16 ? { engine } : {})
        const stepper = await Stepper.open(model, parseArguments({ learning_rate: 1e-3, bf16 }, 'test'), 20)
        const losses: number[] = []
        for (let step = 0; step < 20; step++) {
          const batch = Array.from({ length: 8 }, (_, i) => (8 * step + i) % windows.length)
          losses.push((await stepper.step(step, [batch], windows)).loss)
        }
        await Promise.all([stepper.release(), model.release()])
        return losses
      }
      const [expected, found] = [await losses(false), await losses(true)]
      for (const [step, loss] of found.entries())
        expect(Math.abs(loss - expected[step]), `step ${step + 1}`).toBeLessThan(CURVE)
    },
    120_000,
  )
})

function expectCurve(engine: Engine): void {
  test.runIf(engine.precisions.includes('bfloat16'))(
    'stay close to those of float32',
    async () => {
      const { steps } = readJson<{ steps: { loss: number }[] }>(shared('reference/curve/longest.json'))
      const count = thoroughOr(STEPS, 3)
      const windows = await firstWindows('squad-train-articles.json', count * BATCH)
      const model = await miniLm(engine)
      const options = { padding: 'longest', learning_rate: 3e-5, weight_decay: 0.01, bf16: true } as const
      const stepper = await Stepper.open(model, parseArguments(options, 'test'), STEPS)
      for (const [step, expected] of steps.slice(0, count).entries()) {
        const batch = Array.from({ length: BATCH }, (_, i) => step * BATCH + i)
        const { loss } = await stepper.step(step, [batch], windows)
        expect(Math.abs(loss - expected.loss), `step ${step + 1}`).toBeLessThan(CURVE)
      }
      await Promise.all([stepper.release(), model.release()])
    },
    600_000,
  )
}

const bytes = ({ all }: Gradients) => Buffer.from(all.buffer, all.byteOffset, all.byteLength)
