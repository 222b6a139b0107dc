import { expect, test } from 'vitest'
import { evaluate } from '../../tests/check-gradient.ts'
import { input } from '../graph/tensor.ts'
import { cos, sin } from '../ops/elementwise.ts'
import { logSoftmax } from '../ops/softmax.ts'
import { float32Value } from '../runtime/engine.ts'
import { lower } from './lower.ts'
import { webgpu } from './webgpu.ts'

test('Sin and Cos are accurate for all angles of rotary position embeddings', async () => {
  const n = 20_001
  const angles = Float32Array.from({ length: n }, (_, i) => (i - n / 2) * 0.83)
  const x = input('x', [n])
  const found = await evaluate(lower({ sin: sin(x), cos: cos(x) }, webgpu), { x: float32Value(angles, [n]) })
  for (const name of ['sin', 'cos'] as const) {
    const errors = Array.from(angles, (angle, i) => Math.abs(found[name][i] - Math[name](angle)))
    expect(Math.max(...errors), name).toBeLessThan(2e-7)
  }
})

test('LogSoftmax is accurate for logits that are masked or far apart', async () => {
  const rows = [
    [0, 1, 2, -1e30],
    [90, -90, 0, 5],
    [-1e30, -1e30, -1e30, -1e30],
    [1e-3, 2e-3, 0, -1e30],
  ]
  const x = input('x', [4, 4])
  const inputs = { x: float32Value(Float32Array.from(rows.flat()), [4, 4]) }
  const { y } = await evaluate(lower({ y: logSoftmax(x) }, webgpu), inputs)
  const { y: expected } = await evaluate({ y: logSoftmax(x) }, inputs)
  for (const [i, value] of y.entries()) expect(value).toBeCloseTo(expected[i], 5)
})
