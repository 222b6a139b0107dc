import { input } from '../graph/tensor.ts'
import { gemm } from '../ops/linalg.ts'
import { type Engine, float32Value } from '../runtime/engine.ts'

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
