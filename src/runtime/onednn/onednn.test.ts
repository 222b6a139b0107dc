import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { describeEngine } from '../../../tests/engines.ts'
import { numbers, placed } from '../../../tests/onednn-values.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { isThorough } from '../../../tests/thorough.ts'
import { gradient } from '../../autodiff/gradient.ts'
import { elements, type Shape } from '../../graph/shape.ts'
import { apply, type Graph, input, type Tensor } from '../../graph/tensor.ts'
import { activations } from '../../nn/activation.ts'
import { packedAttention } from '../../ops/attention.ts'
import { dropout, dropoutMask } from '../../ops/dropout.ts'
import { add, div, erf, exp, log, mul, neg, sign, sqrt, sub } from '../../ops/elementwise.ts'
import { gelu } from '../../ops/gelu.ts'
import { gemm, linear, matmul } from '../../ops/linalg.ts'
import { layerNormalization } from '../../ops/normalize.ts'
import { sum, sumAll } from '../../ops/reduce.ts'
import { softmax } from '../../ops/softmax.ts'
import { type CompileOptions, type Engine, float32Value, uint8Value, type Values } from '../engine.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { findOneDnn } from './find.ts'
import { Interpreter } from './interpreter.ts'
import { bindOnednn } from './library.ts'
import { Primitives } from './primitives.ts'
import { programOf } from './program.ts'

const vector = (n: number, value = 1) => float32Value(new Float32Array(n).fill(value), [n])

const floats = ({ data }: { data: unknown }) => data as Float32Array

async function compute(
  engine: Engine,
  graph: Graph,
  inputs: Values,
  shapes: Readonly<Record<string, readonly number[]>>,
) {
  const session = await engine.compile(graph)
  const outputs = Object.fromEntries(
    Object.entries(shapes).map(([name, dims]) => [name, float32Value(new Float32Array(elements(dims)), dims)]),
  )
  await session.run(inputs, outputs)
  await session.release()
  return outputs
}

describeEngine('onednn', 'oneDNN', (engine) => {
  const product = (options?: CompileOptions) =>
    engine.compile({ y: mul(input('a', ['n']), input('b', ['n'])) }, options)

  test('adds a column to a row of any size, and divides a row of huge negative numbers evenly', async () => {
    const [column, row] = [input('column', [100, 1]), input('row', [100])]
    const graph = { sum: sub(column, row), share: softmax(input('hidden', [2, 5])) }
    const inputs = { column: numbers([100, 1]), row: numbers([100], 7) }
    const hidden = float32Value(new Float32Array(10).fill(-1e30), [2, 5])
    const { sum, share } = await compute(engine, graph, { ...inputs, hidden }, { sum: [100, 100], share: [2, 5] })
    for (let i = 0; i < 100; i++)
      for (let j = 0; j < 100; j++)
        expect(floats(sum)[100 * i + j]).toBeCloseTo(floats(inputs.column)[i] - floats(inputs.row)[j], 6)
    for (const value of floats(share)) expect(value).toBeCloseTo(0.2, 6)
  })

  const [A, B, C]: Shape[] = [
    ['n', 96],
    ['n', 96],
    ['n', 1],
  ]
  const operations: [string, (a: Tensor, b: Tensor, c: Tensor) => Tensor][] = [
    ['a + b', add],
    ['a - c, broadcast along the last axis', (a, _b, c) => sub(a, c)],
    ['c - a', (a, _b, c) => sub(c, a)],
    ['2 - a', (a) => sub(2, a)],
    ['c / (2 + a)', (a, _b, c) => div(c, add(2, a))],
    ['a / (2 + b)', (a, b) => div(a, add(2, b))],
    ['-a', (a) => neg(a)],
    ['exp a', (a) => exp(a)],
    ['log(2 + a)', (a) => log(add(2, a))],
    ['sqrt(2 + a)', (a) => sqrt(add(2, a))],
    ['erf 4a', (a) => erf(mul(4, a))],
    ['sign a', (a) => sign(a)],
    ['sum over the last axis', (a) => add(mul(a, 0), sum(a, [-1]))],
    ['sum over rows', (a) => add(mul(a, 0), sum(a, [0]))],
    ['softmax', (a) => softmax(a)],
    ['a bᵀ b', (a, b) => matmul(matmul(a, b, { transB: true, alpha: 0.5 }), b)],
    ...Object.entries(activations).map(([name, f]): [string, (a: Tensor) => Tensor] => [name, (a) => f(mul(4, a))]),
  ]

  // 32 rows are computed here, 128 by oneDNN.
  test.each(operations)('computes %s and its gradient as ONNX Runtime does', async (_name, f) => {
    const [a, b, c] = [A, B, C].map((shape, i) => input('abc'[i], shape))
    const y = f(a, b, c)
    const [da] = gradient(sumAll(mul(y, add(1, mul(a, b)))), [a])
    for (const n of [32, 128]) {
      const values = { a: numbers([n, 96]), b: numbers([n, 96], 2), c: numbers([n, 1], 3) }
      const graph = { y, da }
      const shapes = { y: [n, 96], da: [n, 96] }
      const [expected, found] = [
        await compute(onnxruntime, graph, values, shapes),
        await compute(engine, graph, values, shapes),
      ]
      for (const name of ['y', 'da'] as const) {
        const [right, here] = [floats(expected[name]), floats(found[name])]
        const scale = Math.max(...right.map((x) => Math.abs(x)))
        const worst = Math.max(...right.map((x, i) => Math.abs(x - here[i])))
        // Both round to 24 bits at each operation; oneDNN's polynomials of exp, erf and their kin are good to about 20.
        expect(worst / scale).toBeLessThan(4e-6)
      }
    }
  })

  test.each([60, 6000])('drops %s values by a mask of uint8 as ONNX Runtime does', async (n) => {
    const mask = dropoutMask(input('kept', ['n', 4], 'uint8'), 0.1)
    const graph = { y: dropout(input('x', ['n', 4]), mask), mask }
    const kept = floats(numbers([n, 4], 9)).map((x) => (x < -0.8 ? 0 : 1))
    const values = { x: numbers([n, 4], 1), kept: uint8Value(Uint8Array.from(kept), [n, 4]) }
    const shapes = { y: [n, 4], mask: [n, 4] }
    const expected = await compute(onnxruntime, graph, values, shapes)
    const found = await compute(engine, graph, values, shapes)
    // The same bits, but for the sign of what is dropped.
    for (const name of ['y', 'mask'])
      expect(floats(found[name]).map(Math.abs)).toEqual(floats(expected[name]).map(Math.abs))
  })

  test('computes attention of windows of any length, with padding and dropout, as ONNX Runtime does', async () => {
    const [heads, size] = [3, 8]
    const lengths = [21, 16, 5]
    const [longest, tokens] = [21, 43]
    const hidden = heads * size
    const at = (name: string) => input(name, ['tokens', hidden])
    const layout = {
      places: input('places', ['rows', heads, 'length'], 'int32'),
      tokens: input('places.inverse', ['tokens', heads], 'int32'),
    }
    const bias = input('bias', ['rows', 1, 1, 'length'])
    const mask = input('mask', ['rows', heads, 'length', 'length'])
    const y = packedAttention(at('q'), at('k'), at('v'), { heads, layout, bias, mask })
    const [dq, dk, dv] = gradient(
      sumAll(mul(y, at('w'))),
      ['q', 'k', 'v'].map((name) => findInput(y, name)),
    )
    const starts = [0, 21, 37]
    const places = Int32Array.from({ length: 3 * heads * longest }, (_, i) => {
      const [row, head, j] = [Math.floor(i / heads / longest), Math.floor(i / longest) % heads, i % longest]
      return (j < lengths[row] ? starts[row] + j : 42) * heads + head
    })
    const inverse = new Int32Array(tokens * heads)
    for (const [place, index] of [...places.entries()].reverse()) inverse[index] = place
    const biases = Float32Array.from({ length: 3 * longest }, (_, i) =>
      i % longest < lengths[Math.floor(i / longest)] ? 0 : -1e30,
    )
    const masks = floats(numbers([3, heads, longest, longest], 9)).map((x) => (x < -0.8 ? 0 : 10 / 9))
    const w = floats(numbers([tokens, hidden], 5)).map((x, i) => (i < 42 * hidden ? x : 0))
    const values: Values = {
      ...{ q: numbers([tokens, hidden], 1), k: numbers([tokens, hidden], 2), v: numbers([tokens, hidden], 3) },
      w: float32Value(w, [tokens, hidden]),
      places: { dtype: 'int32', dims: [3, heads, longest], data: places },
      'places.inverse': { dtype: 'int32', dims: [tokens, heads], data: inverse },
      bias: float32Value(biases, [3, 1, 1, longest]),
      mask: float32Value(masks, [3, heads, longest, longest]),
    }
    const graph = { y, dq, dk, dv }
    const shapes = { y: [tokens, hidden], dq: [tokens, hidden], dk: [tokens, hidden], dv: [tokens, hidden] }
    const expected = await compute(onnxruntime, graph, values, shapes)
    const found = await compute(engine, graph, values, shapes)
    for (const name of ['y', 'dq', 'dk', 'dv'] as const)
      for (let i = 0; i < 42 * hidden; i++)
        expect(found[name].data[i], `${name} ${i}`).toBeCloseTo(expected[name].data[i] as number, 5)
  })

  test('adds a product to what its output held, where output and addend share memory', async () => {
    const [x, w, sofar] = [input('x', ['n', 32]), input('w', ['n', 48]), input('sofar', [32, 48])]
    const session = await engine.compile({ y: add(sofar, gemm(x, w, { transA: true })) })
    const total = float32Value(new Float32Array(32 * 48).fill(100), [32, 48])
    session.hold({ sofar: total, y: total })
    const ones = (width: number) => float32Value(new Float32Array(64 * width).fill(1), [64, width])
    for (const expected of [164, 228]) {
      await session.run({ x: ones(32), w: ones(48) }, {})
      expect(new Set(floats(total))).toEqual(new Set([expected]))
    }
    await session.release()
  })

  test.runIf(engine.precisions.includes('bfloat16')).each([false, true])(
    'rounds what layers before activations read in training on processors with AMX only (AMX: %s)',
    (hasAmx) => {
      const [width, n] = [64, 128]
      const [x, w, b] = [input('x', ['n', width]), input('w', [width, width]), input('b', [width])]
      const y = linear(x, w, b)
      const [dx] = gradient(sumAll(gelu(y)), [x])
      // Of a frozen layer: the product applies the activation itself.
      const frozen = neg(gelu(linear(x, w, input('c', [width]))))
      const dnn = new Primitives(bindOnednn(findOneDnn()!.file), hasAmx)
      const values = {
        x: numbers([n, width]),
        w: numbers([width, width], 2),
        b: numbers([width], 3),
        c: numbers([width], 4),
      }
      const [exact, found] = (['float32', 'bfloat16'] as const).map((precision) => {
        const zeros = () => float32Value(new Float32Array(n * width), [n, width])
        const outputs = { y: zeros(), dx: zeros(), frozen: zeros() }
        const interpreter = new Interpreter(
          dnn,
          programOf({ y, dx, frozen }, precision, hasAmx),
          precision === 'float32' ? 'f32' : 'bf16',
        )
        interpreter.run(placed({ ...values, ...outputs }), { n })
        interpreter.close()
        return outputs
      })
      dnn.close()
      const distance = (name: keyof typeof found) =>
        Math.max(...floats(found[name]).map((value, i) => Math.abs(value - floats(exact[name])[i])))
      if (hasAmx) expect(distance('y')).toBeGreaterThan(1e-3)
      expect(distance('y')).toBeLessThan(hasAmx ? 0.05 : 1e-4)
      expect(distance('dx')).toBeGreaterThan(1e-3)
      expect(distance('frozen')).toBeGreaterThan(1e-3)
      expect(distance('frozen')).toBeLessThan(0.05)
    },
  )

  test('in training, stores what layers compute in float32, and rounds a factor once for all products', () => {
    const [x, w, v, b] = [input('x', ['n', 64]), input('w', [64, 64]), input('v', [64, 64]), input('b', [64])]
    const normalized = layerNormalization(x, b, b, 1e-5)
    const y = mul(linear(normalized, w, b), linear(normalized, v, b))
    const [dw, dv, db] = gradient(sumAll(y), [w, v, b])
    const { steps, slots } = programOf({ dw, dv, db }, 'bfloat16')
    const typesOf = (op: string) => steps.filter((step) => step.op === op).map(({ outputs }) => slots[outputs[0]].type)
    expect(typesOf('spanforge.Linear')).toEqual(['f32', 'f32'])
    const rows = steps
      .filter(({ op }) => op === 'spanforge.Linear' || op === 'Gemm')
      .flatMap(({ inputs }) => inputs.slice(0, 2).filter((slot) => slots[slot].shape[0] === 'n'))
    expect(rows.map((slot) => slots[slot].type)).toEqual(rows.map(() => 'bf16'))
    // The normalized states, and the gradients of both layers.
    expect(new Set(rows).size).toBe(3)
    expect(rows.length).toBeGreaterThan(6)
  })

  test('sees a held weight again only after it was invalidated', async () => {
    const [x, w, b] = [input('x', ['n', 16]), input('w', [16, 16]), input('b', [16])]
    const session = await engine.compile({ y: linear(x, w, b) }, { precision: engine.precisions.at(-1) })
    const weight = float32Value(new Float32Array(256).fill(1), [16, 16])
    session.hold({ w: weight, b: vector(16, 0) })
    const y = float32Value(new Float32Array(32), [2, 16])
    const run = () => session.run({ x: float32Value(new Float32Array(32).fill(1), [2, 16]) }, { y })
    await run()
    expect(y.data[0]).toBe(16)
    ;(weight.data as Float32Array).fill(2)
    session.invalidate(['w'])
    await run()
    expect(y.data[31]).toBe(32)
    await session.release()
  })

  test.each(['1', '2'])('with SPANFORGE_THREADS %s gives the same bits each time', async (threads) => {
    vi.stubEnv('SPANFORGE_THREADS', threads)
    onTestFinished(() => void vi.unstubAllEnvs())
    const [x, g, b] = [input('x', ['n', 64]), input('g', [64]), input('b', [64])]
    const y = layerNormalization(matmul(x, x, { transA: true }) as Tensor, g, b, 1e-5)
    const values = { x: numbers([300, 64]), g: numbers([64], 2), b: numbers([64], 3) }
    const bits = async () => (await compute(engine, { y }, values, { y: [64, 64] })).y.data
    expect(await bits()).toEqual(await bits())
  })

  test('values that do not fit are rejected with an error that says so before anything is read, and the session lives on', async () => {
    const session = await product()
    await expect(session.run({ a: vector(2), b: vector(3) }, { y: vector(3) })).rejects.toThrow(
      'oneDNN failed: b has 3 elements in dimensions [3]; expected [2]',
    )
    const short = { ...vector(4), dims: [8] }
    await expect(session.run({ a: short, b: vector(8) }, { y: vector(8) })).rejects.toThrow('a has 4 elements')
    const y = vector(2, 0)
    await session.run({ a: vector(2, 2), b: vector(2, 2) }, { y })
    expect(y.data[1]).toBe(4)
    await session.release()
  })

  test('an operator that it does not know is rejected with an error that says so', async () => {
    const x = input('x', ['n'])
    await expect(engine.compile({ y: apply({ type: 'Nonsense' }, [x], x) })).rejects.toThrow(
      /^oneDNN: the operator Nonsense of this model is not supported\n.*--engine onnxruntime/,
    )
  })

  test.runIf(isThorough)('memory does not grow with the number of shapes', async () => {
    const [x, w, b] = [input('x', ['n', 64]), input('w', [64, 64]), input('b', [64])]
    const session = await engine.compile({ y: linear(linear(x, w, b), w, b) })
    session.hold({ w: numbers([64, 64]), b: numbers([64]) })
    const run = (n: number) =>
      session.run({ x: numbers([n, 64]) }, { y: float32Value(new Float32Array(64 * n), [n, 64]) })
    for (let n = 1; n <= 1000; n++) await run(n)
    const before = process.memoryUsage().rss
    for (let n = 1001; n <= 2000; n++) await run(n)
    // Each shape would keep 0.2 MB.
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(100)
    await session.release()
  })

  // Otherwise two processes could use the same cores while others are idle.
  test.runIf(existsSync('/proc/self/task'))(
    'may compute on every core of the process with each of its threads',
    async () => {
      const session = await product()
      const [a, b] = [vector(100_000), vector(100_000)]
      await session.run({ a, b }, { y: vector(100_000) })
      const cores = (status: string) => /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(status, 'utf8'))?.[1]
      const threads = readdirSync('/proc/self/task').map((thread) => cores(`/proc/self/task/${thread}/status`))
      expect(new Set(threads)).toEqual(new Set([cores('/proc/self/status')]))
      await session.release()
    },
  )

  test('the thread of a released model computes the next one, and ends if there is none for half a minute', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let started = 0
    const onWorker = () => started++
    process.on('worker', onWorker)
    // No other test computes in this lane, so that its thread has no other models.
    const useAndRelease = async () => (await product({ threads: 64, lane: 63 })).release()
    try {
      for (let model = 0; model < 3; model++) {
        await useAndRelease()
        vi.advanceTimersByTime(20_000)
      }
      expect(started).toBeLessThan(2)
      started = 0
      vi.advanceTimersByTime(20_000)
      await useAndRelease()
      expect(started).toBe(1)
    } finally {
      process.off('worker', onWorker)
      vi.useRealTimers()
    }
  })

  test('a process that used it ends by itself with status 0', () => {
    const program = `
      import { openEngine } from ${JSON.stringify(import.meta.resolve('../registry.ts'))}
      import { input } from ${JSON.stringify(import.meta.resolve('../../graph/tensor.ts'))}
      import { matmul } from ${JSON.stringify(import.meta.resolve('../../ops/linalg.ts'))}
      const x = input('x', ['n', 64])
      const session = await (await openEngine('onednn')).compile({ y: matmul(x, x, { transA: true }) })
      const value = (dims) => ({ dtype: 'float32', dims, data: new Float32Array(dims[0] * dims[1]).fill(1) })
      const y = value([64, 64])
      await session.run({ x: value([500, 64]) }, { y })
      console.log(y.data[0])`
    const file = join(temporaryFolder(), 'program.mts')
    writeFileSync(file, program)
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', import.meta.resolve('tsx'), file], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(stdout).toBe('500\n')
    expect(status).toBe(0)
  })
})

describe('Without oneDNN', () => {
  test('a file that is not a library is rejected with a remedy', () => {
    const file = join(temporaryFolder(), 'libdnnl.so.3')
    writeFileSync(file, 'nothing')
    expect(() => bindOnednn(file)).toThrow(/libdnnl.so.3: cannot be loaded as oneDNN: (.|\n)*pip install/)
  })
})

function findInput(t: Tensor, name: string): Tensor {
  if (t.source.kind === 'input' && t.source.name === name) return t
  const operands = t.source.kind === 'node' ? t.source.node.inputs : []
  for (const x of operands) {
    const found = operands.length > 0 && (x.source.kind === 'input' ? x.source.name === name && x : findInput(x, name))
    if (found) return found
  }
  return undefined as unknown as Tensor
}
