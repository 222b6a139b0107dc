import { expect, test } from 'vitest'
import { evaluate } from '../../tests/check-gradient.ts'
import { fixtureJson } from '../../tests/fixture.ts'
import { gradient } from '../autodiff/gradient.ts'
import { input, type Tensor, topologicalOrder } from '../graph/tensor.ts'
import { sumAll } from '../ops/reduce.ts'
import { float32Value } from '../runtime/engine.ts'
import { type ActivationName, activations } from './activation.ts'

/** Values and derivatives at x that transformers 4.57.6 computes in float64 for each name in ACT2FN. */
const recorded = fixtureJson<{
  readonly x: number[]
  readonly activations: Record<string, { readonly y: number[]; readonly slope: number[] }>
  readonly with_parameters: string[]
}>('activations.json')

test('supports exactly the activations of transformers without learned weights', () => {
  expect(Object.keys(activations).sort()).toEqual(Object.keys(recorded.activations).sort())
  expect(recorded.with_parameters).toEqual(['prelu', 'xielu'])
})

test.each(Object.keys(activations) as ActivationName[])('%s is one operator with one gradient operator', (name) => {
  const x = input('x', [2])
  const y = activations[name](x)
  const [slope] = gradient(sumAll(y), [x])
  const types = (...outputs: Tensor[]) =>
    new Set(topologicalOrder(outputs).flatMap(({ source }) => (source.kind === 'node' ? [source.node.op] : [])))
  // GELU cut off is written with GELU's own operators; sigmoid, tanh and relu are ONNX's, with gradients of a few.
  if (['gelu_10', 'sigmoid', 'tanh', 'relu', 'linear'].includes(name)) return
  expect(types(y).size).toBe(1)
  expect([...types(slope)].filter(({ type }) => type.endsWith('Gradient'))).toHaveLength(1)
})

test.each(Object.entries(recorded.activations))(
  '%s has the same values and derivatives as in transformers',
  async (name, want) => {
    const x = input('x', [recorded.x.length])
    const y = activations[name as ActivationName](x)
    const [slope] = gradient(sumAll(y), [x])
    const found = await evaluate({ y, slope }, { x: float32Value(Float32Array.from(recorded.x), x.shape as number[]) })
    for (const [i, at] of recorded.x.entries()) {
      expect(Math.abs(found.y[i] - want.y[i]), `value at ${at}`).toBeLessThan(1e-6 * Math.max(1, Math.abs(want.y[i])))
      expect(Math.abs(found.slope[i] - want.slope[i]), `slope at ${at}`).toBeLessThan(2e-6 * Math.max(1, Math.abs(at)))
    }
  },
)
