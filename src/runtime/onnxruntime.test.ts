import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { input } from '../graph/tensor.ts'
import { mul } from '../ops/elementwise.ts'
import { sumAll } from '../ops/reduce.ts'
import { float32Value } from './engine.ts'
import { onnxruntime } from './onnxruntime.ts'

const vector = (n: number) => new Float32Array(n).fill(1)

describe('ONNX Runtime', () => {
  test('reports out of memory with a remedy, and the session remains usable', async () => {
    // a [n, 1] times b [1, n] has n² intermediate values before they are summed.
    const y = sumAll(mul(input('a', ['n', 1]), input('b', [1, 'n'])))
    const session = await onnxruntime.compile({ y })
    const result = float32Value(new Float32Array(1), [])
    const run = (n: number) =>
      session.run({ a: float32Value(vector(n), [n, 1]), b: float32Value(vector(n), [1, n]) }, { y: result })
    // 2^40 values take 4 TB.
    await expect(run(2 ** 20)).rejects.toThrow(
      /^memory: ONNX Runtime ran out of memory(.|\n)*Lower max_tokens_per_pass/,
    )
    await run(8)
    expect(result.data[0]).toBe(64)
    await session.release()
  })

  test('reports failed runs', async () => {
    const session = await onnxruntime.compile({ y: mul(input('a', ['n']), input('b', ['n'])) })
    const values = { a: float32Value(vector(2), [2]), b: float32Value(vector(3), [3]) }
    await expect(session.run(values, { y: float32Value(vector(3), [3]) })).rejects.toThrow(/^ONNX Runtime failed: /)
    await session.release()
  })

  test('rejects an invalid number of threads before compiling', async () => {
    vi.stubEnv('SPANFORGE_THREADS', 'all')
    onTestFinished(() => void vi.unstubAllEnvs())
    const model = { y: mul(input('a', ['n']), input('b', ['n'])) }
    await expect(onnxruntime.compile(model)).rejects.toThrow(
      'SPANFORGE_THREADS: found "all", expected an integer from 0 (all cores) to 1024',
    )
  })
})
