import { input } from '../graph/tensor.ts'
import { gemm } from '../ops/linalg.ts'
import { type Engine, float32Value } from '../runtime/engine.ts'
import type { Geometry } from './architecture.ts'

/** Sums over windows: the numbers of tokens, and the squares of these numbers. */
export interface WindowTotals {
  readonly tokens: number
  readonly squared_lengths: number
}

const totalsOf = (lengths: readonly number[]): WindowTotals => ({
  tokens: lengths.reduce((total, n) => total + n, 0),
  squared_lengths: lengths.reduce((total, n) => total + n ** 2, 0),
})

/**
 * Number of floating-point operations of a forward pass over windows of the given lengths, without padding. Counts only
 * matrix products, with two operations per multiply-accumulate, like benchmarks/python/useful_work.py.
 */
export const forwardFlop = (geometry: Geometry, lengths: readonly number[]): number =>
  forwardFlopOf(geometry, totalsOf(lengths))

function forwardFlopOf(geometry: Geometry, { tokens, squared_lengths }: WindowTotals): number {
  const { hidden_size: h, intermediate_size: f, layers, is_gated } = geometry
  const perToken = layers * (4 * h ** 2 + (is_gated ? 3 : 2) * h * f) + 2 * h
  return 2 * (tokens * perToken + layers * 2 * squared_lengths * h)
}

/** The backward pass counts twice as much as the forward pass, for the gradients of inputs and weights. */
export const trainingFlopOf = (geometry: Geometry, totals: WindowTotals): number => 3 * forwardFlopOf(geometry, totals)

export const trainingFlop = (geometry: Geometry, lengths: readonly number[]): number =>
  trainingFlopOf(geometry, totalsOf(lengths))

/** Rows and columns of the measured matrices. */
const SIZE = 2048

/**
 * Measures the peak matrix multiplication rate of an engine on this machine, in GFLOP/s: the fastest of `runs` products
 * of two square matrices (default size: 2048). Serves as the reference for the efficiency of useful work.
 */
export async function peakRate(engine: Engine, runs = 20, size = SIZE): Promise<number> {
  const square = (name: string) => input(name, [size, size])
  const session = await engine.compile({ y: gemm(square('a'), square('b')) })
  const matrix = (value: number) => float32Value(new Float32Array(size * size).fill(value), [size, size])
  session.hold({ a: matrix(0.5), b: matrix(0.25), y: matrix(0) })
  let seconds = Number.POSITIVE_INFINITY
  for (let i = 0; i < runs; i++) {
    const start = performance.now()
    await session.run({}, {})
    seconds = Math.min(seconds, (performance.now() - start) / 1000)
  }
  await session.release()
  return (2 * size ** 3) / seconds / 1e9
}
