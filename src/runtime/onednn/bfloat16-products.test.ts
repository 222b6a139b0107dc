/** Products in bfloat16 that are computed in blocks or with padded factors. */
import { expect, onTestFinished, test } from 'vitest'
import { describeEngine } from '../../../tests/engines.ts'
import { numbers, placed } from '../../../tests/onednn-values.ts'
import { gradient } from '../../autodiff/gradient.ts'
import { elements } from '../../graph/shape.ts'
import { type Graph, input } from '../../graph/tensor.ts'
import { packedAttention } from '../../ops/attention.ts'
import { neg } from '../../ops/elementwise.ts'
import { gelu } from '../../ops/gelu.ts'
import { linear } from '../../ops/linalg.ts'
import { sumAll } from '../../ops/reduce.ts'
import { float32Value, type Values } from '../engine.ts'
import { findOneDnn } from './find.ts'
import { Interpreter } from './interpreter.ts'
import { bindOnednn } from './library.ts'
import { Primitives } from './primitives.ts'
import { programOf } from './program.ts'

interface Case {
  readonly graph: Graph
  readonly values: Values
  readonly dims: Readonly<Record<string, readonly number[]>>
}

/** Returns the largest error of each output in bfloat16, relative to its largest value in float32. */
function errors({ graph, values, dims }: Case, hasAmx: boolean): Record<string, number> {
  const dnn = new Primitives(bindOnednn(findOneDnn()!.file), hasAmx)
  onTestFinished(() => dnn.close())
  const [exact, found] = (['float32', 'bfloat16'] as const).map((precision) => {
    const outputs = Object.fromEntries(
      Object.entries(dims).map(([name, shape]) => [name, float32Value(new Float32Array(elements(shape)), shape)]),
    )
    const interpreter = new Interpreter(
      dnn,
      programOf(graph, precision, hasAmx),
      precision === 'float32' ? 'f32' : 'bf16',
    )
    interpreter.run(placed({ ...values, ...outputs }), { n: Object.values(dims)[0][0] })
    interpreter.close()
    return outputs
  })
  const largest = (x: Float32Array) => Math.max(...x.map(Math.abs))
  const error = (name: string): number => {
    const [x, y] = [exact, found].map((outputs) => outputs[name].data as Float32Array)
    return largest(x.map((v, i) => v - y[i])) / largest(x)
  }
  return Object.fromEntries(Object.keys(dims).map((name) => [name, error(name)]))
}

describeEngine('onednn', 'oneDNN in bfloat16', ({ precisions }) => {
  test.runIf(precisions.includes('bfloat16')).each([false, true])(
    'computes a layer that is wider than a block, and its activation (with AMX: %s)',
    (hasAmx) => {
      const width = 800
      const [x, w, b] = [input('x', ['n', 64]), input('w', [width, 64]), input('b', [width])]
      const activated = gelu(linear(x, w, b))
      const [dx] = gradient(sumAll(activated), [x])
      const graph = { y: neg(activated), dx }
      const values = { x: numbers([48, 64], 1), w: numbers([width, 64], 2), b: numbers([width], 3) }
      const { steps } = programOf(graph, 'bfloat16', hasAmx)
      expect(steps.filter(({ op }) => op === 'ActivatedLinear')).toHaveLength(1)
      const { y: error, dx: gradientError } = errors({ graph, values, dims: { y: [48, width], dx: [48, 64] } }, hasAmx)
      // Without AMX, only results are rounded.
      expect(error).toBeLessThan(hasAmx ? 0.02 : 0.005)
      expect(gradientError).toBeLessThan(0.02)
    },
  )

  test.runIf(precisions.includes('bfloat16')).each([false, true])(
    'attends to more than 256 keys with narrow heads (with AMX: %s)',
    (hasAmx) => {
      const [heads, size, lengths] = [2, 32, [288, 100]]
      const [longest, tokens, hidden] = [288, 388, heads * size]
      const at = (name: string) => input(name, ['n', hidden])
      const layout = {
        places: input('places', ['rows', heads, 'length'], 'int32'),
        tokens: input('places.inverse', ['n', heads], 'int32'),
      }
      const y = packedAttention(at('q'), at('k'), at('v'), {
        ...{ heads, layout, bias: input('bias', ['rows', 1, 1, 'length']) },
      })
      const places = Int32Array.from({ length: 2 * heads * longest }, (_, i) => {
        const [row, head, j] = [Math.floor(i / heads / longest), Math.floor(i / longest) % heads, i % longest]
        return (j < lengths[row] ? row * lengths[0] + j : 0) * heads + head
      })
      const inverse = new Int32Array(tokens * heads)
      for (const [place, index] of [...places.entries()].reverse()) inverse[index] = place
      const bias = Float32Array.from({ length: 2 * longest }, (_, i) =>
        i % longest < lengths[Math.floor(i / longest)] ? 0 : -1e30,
      )
      const values: Values = {
        ...{ q: numbers([tokens, hidden], 1), k: numbers([tokens, hidden], 2), v: numbers([tokens, hidden], 3) },
        places: { dtype: 'int32', dims: [2, heads, longest], data: places },
        'places.inverse': { dtype: 'int32', dims: [tokens, heads], data: inverse },
        bias: float32Value(bias, [2, 1, 1, longest]),
      }
      expect(errors({ graph: { y }, values, dims: { y: [tokens, hidden] } }, hasAmx).y).toBeLessThan(0.05)
    },
  )
})
