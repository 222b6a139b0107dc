import { expect, test } from 'vitest'
import { evaluate, gradientError, index, type Range, uniform } from '../../tests/check-gradient.ts'
import { describeEngine } from '../../tests/engines.ts'
import type { Shape } from '../graph/shape.ts'
import { apply, input, type Tensor } from '../graph/tensor.ts'
import { geluTanh, laplace, leakyRelu, mish, quickGelu, relu2, relu6, silu } from '../ops/activations.ts'
import { attention, packedAttention, rotary } from '../ops/attention.ts'
import { dropout, dropoutAdd } from '../ops/dropout.ts'
import {
  add,
  cast,
  cos,
  div,
  erf,
  exp,
  log,
  mul,
  neg,
  relu,
  sigmoid,
  sin,
  sqrt,
  sub,
  tanh,
} from '../ops/elementwise.ts'
import { permuteRows } from '../ops/gather.ts'
import { gelu } from '../ops/gelu.ts'
import { gemm, linear, matmul } from '../ops/linalg.ts'
import { reshape, transpose } from '../ops/movement.ts'
import { layerNormalization } from '../ops/normalize.ts'
import { sum, sumAll } from '../ops/reduce.ts'
import { crossEntropy, logSoftmax, softmax } from '../ops/softmax.ts'
import { concat, split } from '../ops/split.ts'
import { takeAlong } from '../ops/take-along.ts'
import { float32Value } from '../runtime/engine.ts'
import { programOf } from '../runtime/onednn/program.ts'
import { gradient } from './gradient.ts'

type Case = [name: string, f: (...xs: Tensor[]) => Tensor, shapes: Shape[], range?: Range]
const positive = { low: 0.5, high: 2 }
const named = { dims: { n: 3 } }
const masked = { also: { mask: float32Value(Float32Array.of(2, 0, 2, 0), [4]) } }
const angles = {
  also: {
    cos: float32Value(Float32Array.of(1, 0.6, 0, 0.8, -1, 0.28), [3, 1, 2]),
    sin: float32Value(Float32Array.of(0, 0.8, 1, -0.6, 0, 0.96), [3, 1, 2]),
  },
}
const taken = { ...named, also: { at: index([4, 0, 1, 1, 2, 2, 2, 2, 0, 3, 4, 0], [3, 4]) } }
const swap = { also: { to: index([2, 0, 1], [3]), from: index([1, 2, 0], [3]) } }

// Every gradient rule needs a line here to be tested.
const cases: Case[] = [
  [
    'Add',
    add,
    [
      [2, 3],
      [2, 3],
    ],
  ],
  ['Add, broadcasting', add, [[2, 3], [3]]],
  ['Add over a named dimension', add, [['n', 2], [2]], named],
  [
    'Sub, broadcasting',
    sub,
    [
      [2, 1],
      [2, 3],
    ],
  ],
  [
    'Mul, broadcasting both',
    mul,
    [
      [4, 1, 3],
      [2, 1],
    ],
  ],
  ['Div', div, [[2, 3], [3]], positive],
  ['Neg', neg, [[3]]],
  ['Exp', exp, [[3]]],
  ['Log', log, [[3]], positive],
  ['Sqrt', sqrt, [[3]], positive],
  ['Tanh', tanh, [[3]]],
  ['Sin', sin, [[5]]],
  ['Cos', cos, [[5]]],
  ['Sigmoid', sigmoid, [[3]]],
  ['Erf', erf, [[5]]],
  ['Relu of positive values', relu, [[4]], positive],
  ['Relu of negative values', relu, [[4]], { low: -2, high: -0.5 }],
  ['Reshape', (x) => reshape(x, [6]), [[2, 3]]],
  ['Reshape of a named dimension', (x) => reshape(x, ['n', 2, 2]), [['n', 4]], named],
  ['Transpose', (x) => transpose(x, [2, 0, 1]), [[2, 3, 4]]],
  ['ReduceSum', (x) => sum(x, [1, -1]), [[2, 3, 4]]],
  ['ReduceSum of everything', sumAll, [[2, 3]]],
  ['Softmax', softmax, [[2, 5]]],
  ['LogSoftmax', logSoftmax, [[2, 5]]],
  ['LayerNormalization', (x, g, b) => layerNormalization(x, g, b, 1e-5), [['n', 8], [8], [8]], named],
  ['permuteRows', (x) => permuteRows(x, input('to', [3], 'int32'), input('from', [3], 'int32')), [[3, 2]], swap],
  ...[false, true].flatMap((transA) =>
    [false, true].flatMap((transB): Case[] => {
      const [a, b]: Shape[] = [transA ? [3, 2] : [2, 3], transB ? [4, 3] : [3, 4]]
      const options = { transA, transB, alpha: 0.7 }
      const name = `transA ${transA}, transB ${transB}`
      return [
        [
          `MatMul, ${name}`,
          (x, y) => matmul(x, y, options),
          [
            [5, ...a],
            [5, ...b],
          ],
        ],
        [`Gemm, ${name}`, (x, y, c) => gemm(x, y, { ...options, c: c, beta: 0.3 }), [a, b, [4]]],
      ]
    }),
  ),
  ['Split, both parts', (x) => mul(...(split(x, [2, 2]) as [Tensor, Tensor])), [['n', 4]], named],
  ['Split, one part of three', (x) => split(x, [1, 2, 3])[1], [[2, 6]]],
  ['Split, a part used twice', (x) => mul(split(x, [1, 2])[1], tanh(split(x, [1, 2])[1])), [[2, 3]]],
  [
    'Concat',
    (x, y) => mul(concat([x, y]), concat([y, x])),
    [
      ['n', 2],
      ['n', 2],
    ],
    named,
  ],
  ['Rotary', (x) => rotary(x, input('cos', [3, 1, 2]), input('sin', [3, 1, 2])), [[3, 2, 4]], angles],
  ['TakeAlong', (x) => takeAlong(x, input('at', [3, 4], 'int32')), [['n', 2, 3, 5]], taken],
  ['Cast', (x) => mul(3, cast(x, 'float32')), [[3]]],
  ['Linear', linear, [['n', 3], [2, 3], [2]], named],
  ['Linear of batches', linear, [['n', 2, 3], [4, 3], [4]], named],
  ['Gelu', gelu, [[9]], { low: -3, high: 3 }],
  ['GeluTanh', geluTanh, [[9]], { low: -3, high: 3 }],
  ['Silu', silu, [[9]], { low: -3, high: 3 }],
  ['QuickGelu', quickGelu, [[9]], { low: -3, high: 3 }],
  ['Mish', mish, [[9]], { low: -3, high: 3 }],
  ['Laplace', laplace, [[9]], { low: -3, high: 3 }],
  ['Relu2', relu2, [[9]], { low: 0.5, high: 3 }],
  ['Relu6 between its bounds', relu6, [[9]], { low: 1, high: 5 }],
  ['Relu6 above', relu6, [[9]], { low: 7, high: 9 }],
  ['LeakyRelu', leakyRelu, [[9]], { low: -3, high: -0.5 }],
  ['LayerNormalization of batches', (x, g, b) => layerNormalization(x, g, b, 1e-5), [['n', 2, 8], [8], [8]], named],
  ['Dropout', (x) => dropout(x, input('mask', [4])), [[4]], masked],
  ['DropoutAdd', (x, y) => dropoutAdd(x, input('mask', [4]), y), [[4], [4]], masked],
  [
    'CrossEntropy',
    crossEntropy,
    [
      [2, 5],
      [2, 5],
    ],
  ],
  [
    'Attention',
    (q, k, v) => attention(q, k, v, input('bias', [2, 1, 1, 3])),
    [
      [2, 2, 3, 4],
      [2, 2, 3, 4],
      [2, 2, 3, 4],
    ],
    { also: { bias: float32Value(Float32Array.of(0, 0, 0, 0, 0, -1e9), [2, 1, 1, 3]) } },
  ],
  [
    'Attention with dropout',
    (q, k, v) => attention(q, k, v, input('bias', [1, 1, 1, 3]), input('mask', [1, 1, 3, 3])),
    [
      [1, 1, 3, 2],
      [1, 1, 3, 2],
      [1, 1, 3, 2],
    ],
    {
      also: {
        bias: float32Value(new Float32Array(3), [1, 1, 1, 3]),
        mask: float32Value(Float32Array.of(2, 0, 2, 0, 2, 2, 2, 2, 0), [1, 1, 3, 3]),
      },
    },
  ],
  [
    'PackedAttention, two windows of two tokens and of one',
    (q, k, v) =>
      packedAttention(q, k, v, {
        heads: 2,
        layout: { places: input('places', [2, 2, 2], 'int32'), tokens: input('tokens', [3, 2], 'int32') },
        bias: input('bias', [2, 1, 1, 2]),
        mask: input('mask', [2, 2, 2, 2]),
      }),
    [
      [3, 4],
      [3, 4],
      [3, 4],
    ],
    {
      also: {
        places: index([0, 2, 1, 3, 4, 0, 5, 1], [2, 2, 2]),
        tokens: index([0, 2, 1, 3, 4, 6], [3, 2]),
        bias: float32Value(Float32Array.of(0, 0, 0, -1e9), [2, 1, 1, 2]),
        mask: float32Value(Float32Array.of(2, 0, 2, 2, 2, 2, 0, 2, 2, 0, 0, 0, 2, 0, 0, 0), [2, 2, 2, 2]),
      },
    },
  ],
]

// Central differences with h = 1/64 have an error of h²/6 times a third derivative, plus 2^-24 / h for float32. Both
// are below 1e-3.
test.each(cases)('the gradient of %s agrees with central differences', async (_name, f, shapes, range) => {
  expect(await gradientError(f, shapes, range)).toBeLessThan(1e-3)
})

// Also on machines without oneDNN.
test.each(cases)('oneDNN has a kernel for every operator of %s and its gradient', (_name, f, shapes) => {
  const xs = shapes.map((shape, i) => input(`x${i}`, shape))
  const y = f(...xs)
  expect(() => programOf({ y, ...Object.fromEntries(gradient(sumAll(y), xs).entries()) }, 'float32')).not.toThrow()
})

describeEngine('onednn', 'on oneDNN', (engine) => {
  test.each(cases)('the gradient of %s agrees with central differences', async (_name, f, shapes, range) => {
    expect(await gradientError(f, shapes, range, engine)).toBeLessThan(1e-3)
  })
})

test('gradients of random small graphs agree with central differences', async () => {
  const unary = [
    tanh,
    erf,
    (x: Tensor) => exp(mul(0.3, x)),
    (x: Tensor) => softmax(x),
    neg,
    (x: Tensor) => transpose(x, [1, 0]),
  ]
  const binary = [add, sub, mul, (a: Tensor, b: Tensor) => matmul(a, b, { alpha: 0.5 })]
  for (let seed = 0; seed < 25; seed++) {
    const random = uniform(seed * 7919)
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
    const build = (...xs: Tensor[]) => {
      const values = [...xs]
      for (let i = 0; i < 6; i++)
        values.push(random() < 0.5 ? pick(unary)(pick(values)) : pick(binary)(pick(values), pick(values)))
      return values.reduce((a, b) => add(a, b))
    }
    expect(
      await gradientError(build, [
        [3, 3],
        [3, 3],
      ]),
      `graph ${seed}`,
    ).toBeLessThan(2e-3)
  }
})

test('a gradient through a cast to float16 has the type of the operand', async () => {
  const x = input('x', [2])
  const half = cast(x, 'float16')
  const [dHalf, dx] = gradient(sumAll(mul(input('w', [2]), cast(mul(half, half), 'float32'))), [half, x])
  expect([dHalf.dtype, dx.dtype]).toEqual(['float16', 'float32'])
  const feeds = { x: float32Value(Float32Array.of(1.5, -2), [2]), w: float32Value(Float32Array.of(1, 0.5), [2]) }
  expect([...(await evaluate({ dx }, feeds)).dx]).toEqual([3, -2])
})

test('adds both gradients of a value that is used twice', async () => {
  const x = input('x', [2])
  const [dx] = gradient(sumAll(add(mul(x, x), mul(3, x))), [x])
  const out = await evaluate({ dx: dx }, { x: float32Value(Float32Array.of(1, -2), [2]) })
  expect([...out.dx]).toEqual([5, -1])
})

test('rejects a loss that does not depend on a requested tensor, and names the tensor', () => {
  const [x, y] = [input('x', [2]), input('y', [2])]
  expect(() => gradient(sumAll(x), [y])).toThrow('the loss does not depend on y: float32 [2]')
})

test('rejects a tensor that no gradient reaches, and names the operator and the operand where it ends', () => {
  const [q, relative] = [input('q', [1, 1, 3, 2]), input('relative', [3])]
  const y = attention(q, q, q, reshape(relative, [1, 1, 1, 3]))
  expect(() => gradient(sumAll(y), [relative])).toThrow(
    'the loss depends on relative: float32 [3], but no gradient reaches it: ' +
      'Attention has no gradient for its operand 3 (Reshape: float32 [1, 1, 1, 3])',
  )
})

test('rejects a loss that is not a scalar', () => {
  expect(() => gradient(input('x', [2]), [])).toThrow('the loss must be a scalar, found x: float32 [2]')
})

test('rejects a rule that returns a wrong shape, and reports both shapes', () => {
  const x = input('x', [2, 3])
  const y = apply({ type: 'Mul', gradient: (dy) => [reshape(dy, [3, 2])] }, [x], x)
  expect(() => gradient(sumAll(y), [x])).toThrow(
    'the rule of Mul: float32 [2, 3] returned [3, 2] for an operand of shape [2, 3]',
  )
})
