/**
 * The engine on its own: builds a layer and its gradient, encodes them as ONNX, and runs them. docs/engine.md explains
 * each step.
 *
 *   npx tsx examples/engine.ts
 */
import { gradient } from '../src/autodiff/gradient.ts'
import { input, nodesOf, type Tensor } from '../src/graph/tensor.ts'
import { lower, plainOnnx } from '../src/lowering/lower.ts'
import { encodeModel } from '../src/onnx/encode.ts'
import { mul, tanh } from '../src/ops/elementwise.ts'
import { gelu } from '../src/ops/gelu.ts'
import { gemm, linear } from '../src/ops/linalg.ts'
import { sumAll } from '../src/ops/reduce.ts'
import { float32Value } from '../src/runtime/engine.ts'
import { onnxruntime } from '../src/runtime/onnxruntime.ts'

const operators = (...outputs: Tensor[]): string =>
  nodesOf(outputs)
    .map(({ op }) => op.type)
    .join(' ')

// Describes a graph without computing anything. The size `tokens` is determined when the graph runs.
const x = input('x', ['tokens', 3])
const w = input('w', [2, 3])
const y = tanh(gemm(x, w, { transB: true }))
const loss = sumAll(mul(y, y))
console.log(`${y}\nforward:  ${operators(loss)}`)

// Extends the graph with the gradient, by the gradient rule of each operator.
const [dw] = gradient(loss, [w])
console.log(`gradient: ${operators(loss, dw)}`)

// A layer as used in models, and the plain operators to which it is lowered for an engine.
const layer = gelu(linear(x, w, input('b', [2])))
const { lowered } = lower({ lowered: layer }, plainOnnx)
console.log(`layer:    ${operators(layer)}\nlowered:  ${operators(lowered)}`)

// Encodes the graph as an ONNX model, which other tools can read.
console.log(`model:    ${encodeModel({ loss, dw }).size} bytes`)

// Compiles the graph with an engine and runs it, first for two tokens and then for one.
const session = await onnxruntime.compile({ loss, dw })
const weights = float32Value(Float32Array.of(0.1, 0.2, 0.3, -0.1, 0, 0.1), [2, 3])
for (const rows of [
  [1, 2, 3, 4, 5, 6],
  [1, 2, 3],
]) {
  const [value, slope] = [new Float32Array(1), new Float32Array(6)]
  const inputs = { x: float32Value(Float32Array.from(rows), [rows.length / 3, 3]), w: weights }
  await session.run(inputs, { loss: float32Value(value, []), dw: float32Value(slope, [2, 3]) })
  console.log(`loss ${value[0].toFixed(3)}, gradient ${[...slope].map((n) => n.toFixed(3)).join(' ')}`)
}
await session.release()
