import { expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { recordedBatch, tinyModel, unpadded } from '../../tests/tiny-model.ts'
import { loadTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { defaultEngine } from '../runtime/registry.ts'
import { planVariant } from './plan-variants.ts'
import { measureProductInputs } from './product-inputs.ts'
import { chooseSmoothings } from './quantize/smoothing.ts'
import { measureSensitivities } from './sensitivity.ts'

const folder = 'b1/safetensors'
const options = {
  rows: unpadded(recordedBatch(fixture('tiny/b1/batch-padded.safetensors'))).rows,
  engine: defaultEngine,
}

const layer = (part: string) => `bert.encoder.layer.0.${part}.weight`

async function tinySource() {
  return { model: tinyModel(folder), tokenizer: await loadTokenizer(fixture(`tiny/${folder}`)) }
}

test('measures the activations of each product, once for products that share them', async () => {
  const source = await tinySource()
  const inputs = await measureProductInputs(source, options)
  const shared = ['query', 'key', 'value'].map((part) => layer(`attention.self.${part}`))
  const of = (name: string) => inputs.find(({ weights }) => weights.includes(name))!
  expect([...of(shared[0]).weights].sort()).toEqual([...shared].sort())
  expect(of(layer('output.dense')).lowest).toHaveLength(
    source.model.specs.find(({ name }) => name === layer('output.dense'))!.shape[1],
  )
  // GELU has no values below -0.17, and a layer norm has values on both sides of 0.
  expect(Math.min(...of(layer('output.dense')).lowest)).toBeGreaterThan(-0.171)
  expect(Math.min(...of(shared[0]).lowest)).toBeLessThan(-0.5)
  for (const { lowest, highest, squares } of inputs)
    for (const [i, square] of squares.entries())
      expect(square).toBeLessThanOrEqual(Math.max(-lowest[i], highest[i]) ** 2 + 1e-6)
  await source.model.release()
})

test('smoothing makes 8-bit products exact whose activations have an outlier', async () => {
  const source = await tinySource()
  const { model } = source
  model.parameters.view('bert.encoder.layer.0.intermediate.dense.bias')[0] = 1000
  const outlier = layer('output.dense')
  const [, channels] = model.specs.find(({ name }) => name === outlier)!.shape
  model.parameters.view(outlier).forEach((value, i, values) => {
    if (i % channels === 0) values[i] = value * 1e-3
  })
  const smoothings = chooseSmoothings(await measureProductInputs(source, options), (name) =>
    model.parameters.view(name),
  )
  const errorOf = async (smoothed: boolean) => {
    const measured = await measureSensitivities(source, 'int8', { ...options, ...(smoothed && { smoothings }) })
    return Math.sqrt(measured.find(({ name }) => name === outlier)!.error)
  }
  const [plain, smooth] = [await errorOf(false), await errorOf(true)]
  expect(plain).toBeGreaterThan(0.05)
  expect(smooth).toBeLessThan(plain / 10)
  // Products that share activations share the tensor that divides them, and the file grows by those only.
  const names = new Set([...smoothings.values()].map(({ name }) => name))
  expect(names.size).toBeLessThan(smoothings.size)
  const sizes = [planVariant(source, 'int8', { smoothings }).bytes, planVariant(source, 'int8').bytes]
  expect(sizes[0] - sizes[1]).toBeLessThan(0.02 * sizes[1] + 20_000)
  await model.release()
})

test('activations without outliers stay as they are', () => {
  const flat = (value: number) => new Float32Array(8).fill(value)
  const input = { weights: ['w'], lowest: flat(-1), highest: flat(1), squares: flat(0.3) }
  expect(chooseSmoothings([input], () => new Float32Array(32).fill(0.5)).size).toBe(0)
})

test('outliers below 0 are smoothed like those above', () => {
  const of = (...values: number[]) => Float32Array.from(values)
  const weights = of(0.5, 0.2, 0.3, 0.4, 0.1, 0.6, 0.2, 0.5)
  const divisors = (lowest: Float32Array, highest: Float32Array) =>
    chooseSmoothings([{ weights: ['w'], lowest, highest, squares: of(900, 1, 1, 1) }], () => weights).get('w')?.divisors
  const above = divisors(of(0, -1, -1, -1), of(100, 1, 1, 1))!
  expect(above[0]).toBeGreaterThan(above[1])
  expect(divisors(of(-100, -1, -1, -1), of(0, 1, 1, 1))).toEqual(above)
})
