import { gradient } from '../src/autodiff/gradient.ts'
import { bindShape, elements, type Shape } from '../src/graph/shape.ts'
import { input, type Tensor } from '../src/graph/tensor.ts'
import { mul } from '../src/ops/elementwise.ts'
import { sumAll } from '../src/ops/reduce.ts'
import { type Engine, float32Value, int32Value, type Value, type Values } from '../src/runtime/engine.ts'
import { defaultEngine } from '../src/runtime/registry.ts'

export interface Range {
  readonly low?: number
  readonly high?: number
  /** The values of named dimensions. */
  readonly dims?: Readonly<Record<string, number>>
  /** Values of further inputs (indices), by name. */
  readonly also?: Values
}

/** A simple random number generator (Park and Miller 1988), so that tests are reproducible. */
export function uniform(seed: number): () => number {
  let state = (seed % 2147483646) + 1
  return () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
}

/** Runs a graph once and returns its outputs by name. */
export async function evaluate(
  outputs: Readonly<Record<string, Tensor>>,
  feeds: Values,
  dims: Readonly<Record<string, number>> = {},
  engine: Engine = defaultEngine,
): Promise<Record<string, Float32Array>> {
  const values = Object.entries(outputs).map(([name, t]): [string, Value] => {
    const shape = bindShape(t.shape, dims)
    return [name, float32Value(new Float32Array(elements(shape)), shape)]
  })
  const session = await engine.compile(outputs)
  await session.run(feeds, Object.fromEntries(values))
  await session.release()
  return Object.fromEntries(values.map(([name, value]) => [name, value.data as Float32Array]))
}

/**
 * Compares the gradients of f with central differences along one random direction (HIPS autograd's check_grads), at
 * f(x) weighted at random: returns the difference relative to the larger of 1 and the derivative.
 */
export async function gradientError(
  f: (...xs: Tensor[]) => Tensor,
  shapes: readonly Shape[],
  { low = -1, high = 1, dims = {}, also = {} }: Range = {},
  engine?: Engine,
): Promise<number> {
  const random = uniform(20181011)
  const draw = (n: number) => Float64Array.from({ length: n }, () => low + (high - low) * random())
  const xs = shapes.map((shape, i) => input(`x${i}`, shape))
  const y = f(...xs)
  const weight = input('weight', y.shape)
  const loss = sumAll(mul(y, weight))
  const sizes = shapes.map((shape) => bindShape(shape, dims))
  const at = sizes.map((size) => draw(elements(size)))
  const direction = sizes.map((size) => draw(elements(size)).map((v) => v - (low + high) / 2))
  const weights = Float32Array.from(draw(elements(bindShape(y.shape, dims))))
  const feeds = (h: number): Values => ({
    ...also,
    weight: float32Value(weights, bindShape(y.shape, dims)),
    ...Object.fromEntries(
      sizes.map((size, i) => [
        `x${i}`,
        float32Value(
          Float32Array.from(at[i], (v, j) => v + h * direction[i][j]),
          size,
        ),
      ]),
    ),
  })
  const gradients = Object.fromEntries(gradient(loss, xs).map((g, i) => [`g${i}`, g]))
  const exact = await evaluate({ ...gradients }, feeds(0), dims, engine)
  const h = 1 / 64
  const value = async (step: number) => (await evaluate({ loss }, feeds(step), dims, engine)).loss[0]
  const numeric = ((await value(h)) - (await value(-h))) / (2 * h)
  const along = direction.reduce((total, d, i) => total + d.reduce((n, v, j) => n + v * exact[`g${i}`][j], 0), 0)
  return Math.abs(numeric - along) / Math.max(1, Math.abs(along))
}

export const index = (data: readonly number[], dims: readonly number[]): Value =>
  int32Value(Int32Array.from(data), dims)
