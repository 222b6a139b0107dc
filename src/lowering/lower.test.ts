import { describe, expect, test } from 'vitest'
import { evaluate } from '../../tests/check-gradient.ts'
import { maxDifference } from '../../tests/read-safetensors.ts'
import { gradient } from '../autodiff/gradient.ts'
import { apply, type Graph, input, nodesOf, type Op, operatorName, type Tensor } from '../graph/tensor.ts'
import { bert } from '../models/bert.ts'
import { trainingGraph } from '../models/programs.ts'
import { encodeModel } from '../onnx/encode.ts'
import { add, cast, mul, neg, tanh } from '../ops/elementwise.ts'
import { gelu } from '../ops/gelu.ts'
import { gemm, linear, matmul } from '../ops/linalg.ts'
import { reshape } from '../ops/movement.ts'
import { sum, sumAll } from '../ops/reduce.ts'
import { softmax } from '../ops/softmax.ts'
import { float32Value } from '../runtime/engine.ts'
import { type Dialect, lower, plainOnnx } from './lower.ts'

const operators = (graph: Graph): string[] => nodesOf(Object.values(graph)).map(({ op }) => operatorName(op))

const lowered = (...outputs: Tensor[]) => lower(Object.fromEntries(outputs.entries()), plainOnnx)
const attributesOf = ({ source }: Tensor) => (source.kind === 'node' ? source.node.attributes : {})

const x = input('x', ['n', 3])
const w = input('w', [4, 3])
const b = input('b', [4])
const v = input('v', [2, 4])
const c = input('c', [2])

describe('composites', () => {
  test('are replaced by their definition', () => {
    expect(operators({ y: gelu(linear(x, w, b)) })).toEqual(['spanforge.Linear', 'spanforge.Gelu'])
    expect(operators(lowered(linear(x, w, b)))).toEqual(['Gemm'])
    expect(operators(lowered(matmul(x, w, { transB: true, alpha: 2 })))).toEqual(['Transpose', 'MatMul', 'Mul'])
  })

  test('are rejected by the encoder', () => {
    expect(() => encodeModel({ y: gelu(x) })).toThrow('Gelu is not an ONNX operator. Lower the graph first.')
  })

  test('are kept, including their gradients, if an engine runs them natively', () => {
    const dialect: Dialect = { name: 'test', runs: new Set(['spanforge.Gelu', 'spanforge.GeluGradient']) }
    const y = gelu(linear(x, w, b))
    const [dw] = gradient(sumAll(y), [w])
    const found = operators(lower({ y, dw }, dialect))
    expect(found).toContain('spanforge.Gelu')
    expect(found).toContain('spanforge.GeluGradient')
    expect(found).not.toContain('Erf')
    expect(found).not.toContain('spanforge.Linear')
  })

  test("are replaced by an engine's rule instead of their definition; undefined keeps an operator", () => {
    const rules: Dialect['rules'] = {
      'spanforge.Gelu': ({ inputs: [x], outputs: [y] }) => [apply({ type: 'Gelu' }, [tanh(x)], y)],
      Tanh: () => undefined,
    }
    expect(operators(lower({ y: gelu(x) }, { name: 'test', rules }))).toEqual(['Tanh', 'Gelu'])
  })

  test('may contain composites, and rules apply to the results of rules', () => {
    const Twice: Op = { type: 'Twice', domain: 'spanforge', lower: ({ inputs: [x] }) => [gelu(gelu(x))] }
    const rules: Dialect['rules'] = {
      'spanforge.Gelu': ({ inputs: [x] }) => [tanh(x)],
      Tanh: ({ inputs: [x] }) => [neg(x)],
    }
    expect(operators(lower({ y: apply(Twice, [x], x) }, { name: 'test', rules }))).toEqual(['Neg', 'Neg'])
  })

  test('rejects a rule that returns a wrong shape, and reports both shapes', () => {
    const rules: Dialect['rules'] = { Tanh: ({ inputs: [x] }) => [sum(x, [0])] }
    expect(() => lower({ y: tanh(x) }, { name: 'test', rules })).toThrow(
      'lowering: the rule for Tanh returned ReduceSum: float32 [1, 3] for Tanh: float32 [n, 3]',
    )
  })

  test('rejects a rule that produces the operator it replaces', () => {
    const rules: Dialect['rules'] = { Tanh: ({ inputs: [x] }) => [tanh(neg(x))] }
    expect(() => lower({ y: tanh(x) }, { name: 'test', rules })).toThrow('the rules of test for Tanh do not terminate')
  })

  test('a dialect can multiply in float16 and leave everything else in float32', async () => {
    const rules: Dialect['rules'] = {
      Gemm({ op, inputs, attributes, outputs: [y] }) {
        if (y.dtype === 'float16') return undefined
        const halves = inputs.map((operand) => cast(operand, 'float16'))
        return [cast(apply(op, halves, { shape: y.shape, dtype: 'float16' }, attributes), 'float32')]
      },
    }
    const y = gelu(linear(x, w, b))
    const mixed = lower({ y }, { name: 'mixed precision', rules })
    expect(operators(mixed).filter((name) => name === 'Cast')).toHaveLength(4)
    const values = (n: number, dims: number[]) =>
      float32Value(
        Float32Array.from({ length: n }, (_, i) => Math.sin(i)),
        dims,
      )
    const feeds = { x: values(6, [2, 3]), w: values(12, [4, 3]), b: values(4, [4]) }
    const [found, exact] = [await evaluate(mixed, feeds, { n: 2 }), await evaluate({ y }, feeds, { n: 2 })]
    const difference = maxDifference(found.y, exact.y)
    expect(difference).toBeGreaterThan(0)
    expect(difference).toBeLessThan(2e-3)
  })

  test.each(['gelu', 'relu', 'gelu_new', 'mish'])(
    'a training graph with %s needs only ONNX operators',
    (hidden_act) => {
      const config = bert.parseConfig({ model_type: 'bert', hidden_act, num_hidden_layers: 2 }, 'test')
      const found = operators(lower(trainingGraph(config).outputs, plainOnnx))
      expect(found.filter((name) => name.includes('.'))).toEqual([])
      expect(found.length).toBeGreaterThan(100)
    },
  )
})

describe('common subexpressions', () => {
  test('are computed once: an activation and its gradient share the error function', () => {
    const y = gelu(linear(x, w, b))
    const found = operators(lowered(y, ...gradient(sumAll(y), [w])))
    expect(found.filter((name) => name === 'Erf')).toHaveLength(1)
    expect(found.filter((name) => name === 'Exp')).toHaveLength(1)
  })

  test('in training: each layer has one softmax and one error function, shared with the gradients', () => {
    const config = bert.parseConfig({ model_type: 'bert', num_hidden_layers: 3 }, 'test')
    const found = operators(lower(trainingGraph(config).outputs, plainOnnx))
    const count = (name: string) => found.filter((found) => found === name).length
    expect(count('Erf')).toBe(3)
    expect(count('LayerNormalization')).toBe(1 + 2 * 3)
    // The loss needs the logarithm, its gradient the values themselves.
    expect([count('Softmax'), count('LogSoftmax')]).toEqual([3 + 1, 1])
  })

  test('are identified by operator, operands, attributes and constants', () => {
    const pairs: [Tensor, Tensor, number][] = [
      [tanh(x), tanh(x), 1],
      [tanh(x), neg(x), 2],
      [add(x, 1), add(x, 1), 1],
      [add(x, 1), add(x, 2), 2],
      [gemm(x, w, { transB: true }), gemm(x, w, { transB: true }), 1],
      [gemm(x, w, { transB: true }), gemm(x, w, { transB: true, alpha: 2 }), 2],
      [reshape(x, ['3*n']), reshape(x, ['n', 1, 3]), 2],
      [softmax(x), softmax(x), 1],
    ]
    for (const [a, b, count] of pairs) expect(operators(lowered(a, b)), `${a}, ${b}`).toHaveLength(count)
  })
})

describe('scalar factors', () => {
  const alpha = (t: Tensor) => attributesOf(t).alpha
  const beta = (t: Tensor) => attributesOf(t).beta

  test('move into the product that they scale, including its row vector', () => {
    const { y } = lower({ y: mul(0.5, linear(x, w, b)) }, plainOnnx)
    expect(operators({ y })).toEqual(['Gemm'])
    expect([alpha(y), beta(y)]).toEqual([{ value: 0.5 }, { value: 0.5 }])
  })

  test('move from the operands into a product, but not into its row vector', () => {
    const { y } = lower({ y: linear(mul(3, tanh(x)), mul(2, w), mul(5, b)) }, plainOnnx)
    expect(operators({ y })).toEqual(['Tanh', 'Mul', 'Gemm'])
    expect([alpha(y), beta(y)]).toEqual([{ value: 6 }, { value: 1 }])
  })

  test('move through sums and reshapes', () => {
    const y = gemm(reshape(sum(mul(0.5, tanh(x)), [0]), [3, 1]), w, { transA: true, transB: true })
    expect(operators(lowered(y))).toEqual(['Tanh', 'ReduceSum', 'Reshape', 'Gemm'])
    expect(alpha(lowered(y)[0])).toEqual({ value: 0.5 })
  })

  test('do not move into a product that is also used unscaled or with another factor', () => {
    const y = linear(x, w, b)
    expect(operators(lowered(y, mul(2, y)))).toEqual(['Gemm', 'Mul'])
    expect(operators(lowered(mul(2, y), mul(3, y)))).toEqual(['Gemm', 'Mul', 'Mul'])
    expect(operators(lowered(tanh(mul(2, y)), neg(mul(2, y))))).toEqual(['Gemm', 'Tanh', 'Neg'])
  })

  test('are combined and applied once if they do not reach a product', () => {
    const scaled = mul(0.5, mul(4, tanh(x)))
    const [y] = [lowered(add(neg(scaled), scaled))]
    expect(operators(y)).toEqual(['Tanh', 'Mul', 'Neg', 'Add'])
  })

  test('of 0 and infinity do not move, because the other operand may be infinite', () => {
    expect(operators(lowered(mul(0, linear(x, w, b))))).toEqual(['Gemm', 'Mul'])
    expect(operators(lowered(linear(mul(Infinity, tanh(x)), w, b)))).toEqual(['Tanh', 'Mul', 'Gemm'])
  })

  test('of GELU between two layers cost nothing in the forward and backward pass', () => {
    const y = linear(gelu(linear(x, w, b)), v, c)
    const isFactor = ({ source, shape }: Tensor) =>
      source.kind === 'constant' && shape.length === 0 && source.data[0] !== 0
    const scaled = (graph: Graph) =>
      nodesOf(Object.values(graph)).filter(({ op, inputs }) => operatorName(op) === 'Mul' && inputs.some(isFactor))
    expect(scaled(lowered(y))).toEqual([])
    const gradients = gradient(sumAll(tanh(y)), [x, w, b, v, c])
    // The only remaining factor scales the gradient of the bias, which is a sum over the rows.
    expect(scaled(lowered(y, ...gradients)).map(({ outputs: [{ shape }] }) => shape)).toEqual([[4]])
  })
})
