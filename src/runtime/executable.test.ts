import { expect, onTestFinished, test } from 'vitest'
import { describeEngines } from '../../tests/engines.ts'
import { input } from '../graph/tensor.ts'
import { add, mul } from '../ops/elementwise.ts'
import { gemm } from '../ops/linalg.ts'
import { type Engine, type Executable, float32Value } from './engine.ts'
import { defaultEngine } from './registry.ts'

const vector = (...values: number[]) => float32Value(Float32Array.from(values), [values.length])

const filled = (n: number, value: number) => float32Value(new Float32Array(n).fill(value), [n])

/** y = a b, released at the end of the test. */
async function compileProduct(engine: Engine): Promise<Executable> {
  const session = await engine.compile({ y: mul(input('a', ['n']), input('b', ['n'])) })
  onTestFinished(() => session.release())
  return session
}

describeEngines('an executable', (engine) => {
  test('writes its results into the given arrays, in another shape each run', async () => {
    const session = await compileProduct(engine)
    const memory = new WebAssembly.Memory({ initial: 2 })
    for (const n of [1, 3, 10_000, 2, 10_000]) {
      // Views of a larger buffer, as in the trainer. The surrounding memory must not change.
      const y = new Float32Array(memory.buffer, 64, n).fill(-1)
      await session.run({ a: filled(n, 3), b: filled(n, 4) }, { y: float32Value(y, [n]) })
      expect(y).toEqual(new Float32Array(n).fill(12))
      expect(new Float32Array(memory.buffer, 0, 16)).toEqual(new Float32Array(16))
    }
  })

  test('reads inputs that were modified since the last run', async () => {
    const session = await compileProduct(engine)
    const [a, b, y] = [filled(4, 1), filled(4, 2), filled(4, 0)]
    await session.run({ a, b }, { y })
    a.data.fill(5 as never)
    await session.run({ a, b }, { y })
    expect(y).toEqual(filled(4, 10))
  })

  test('can be run again before a run has ended', async () => {
    const session = await compileProduct(engine)
    const runs = [1, 2, 3, 4].map(async (n) => {
      const y = filled(8, 0)
      await session.run({ a: filled(8, n), b: filled(8, 10) }, { y })
      return y.data[0]
    })
    expect(await Promise.all(runs)).toEqual([10, 20, 30, 40])
  })

  // The binding of ONNX Runtime computes in the calling thread.
  test.skipIf(engine === defaultEngine)('does not block the event loop', async () => {
    // In tests, a program on the CPU takes the place of the graphics card.
    const n = engine.name === 'webgpu' ? 384 : 1024
    const [a, b] = [input('a', [n, n]), input('b', [n, n])]
    const session = await engine.compile({ y: gemm(gemm(a, b), b) })
    onTestFinished(() => session.release())
    const matrix = (value: number) => float32Value(new Float32Array(n * n).fill(value), [n, n])
    let turns = 0
    let done = false
    const turn = () => {
      turns++
      if (!done) setImmediate(turn)
    }
    setImmediate(turn)
    await session.run({ a: matrix(1), b: matrix(0.5) }, { y: matrix(0) })
    done = true
    // A blocked event loop would turn at most once.
    expect(turns).toBeGreaterThan(10)
  })

  test('cannot be run after it was released, which may happen twice', async () => {
    const session = await compileProduct(engine)
    await session.release()
    await session.release()
    await expect(session.run({ a: vector(1), b: vector(1) }, { y: vector(1) })).rejects.toThrow(/has been released/)
  })
})

describeEngines('values that an executable holds', (engine) => {
  const product = () => compileProduct(engine)

  test('are used in every run with their current contents', async () => {
    const session = await product()
    const [a, y] = [vector(1, 2), vector(0, 0)]
    session.hold({ a, y })
    await session.run({ b: vector(10, 10) }, {})
    expect(y).toEqual(vector(10, 20))
    a.data.fill(3 as never)
    session.invalidate(['a'])
    await session.run({ b: vector(1, 2) }, {})
    expect(y).toEqual(vector(3, 6))
  })

  test('are replaced by values that are held later', async () => {
    const session = await product()
    session.hold({ a: vector(1), b: vector(2) })
    const [first, second] = [vector(0), vector(0)]
    await session.run({}, { y: first })
    session.hold({ a: vector(5) })
    await session.run({}, { y: second })
    expect([first, second]).toEqual([vector(2), vector(10)])
  })

  test('may be input and output in the same memory, so that runs accumulate', async () => {
    const session = await engine.compile({ 'sum.x': add(input('sofar.x', ['n']), input('x', ['n'])) })
    onTestFinished(() => session.release())
    const sum = vector(0, 0)
    session.hold({ 'sofar.x': sum, 'sum.x': sum })
    for (const x of [1, 2, 3]) await session.run({ x: vector(x, 10 * x) }, {})
    expect(sum).toEqual(vector(6, 60))
  })

  test('are ignored if the graph does not have their name', async () => {
    const session = await product()
    session.hold({ a: vector(1), b: vector(2), c: vector(3) })
    const y = vector(0)
    await session.run({}, { y })
    expect(y).toEqual(vector(2))
  })

  test('must not also be passed to a run', async () => {
    const session = await product()
    session.hold({ a: vector(1), b: vector(2) })
    await expect(session.run({ a: vector(7) }, { y: vector(0) })).rejects.toThrow('runtime: a is held')
    session.hold({ y: vector(0) })
    await expect(session.run({}, { y: vector(0) })).rejects.toThrow('runtime: y is held')
  })

  test('persist, unlike values that are passed to a run', async () => {
    const session = await product()
    const y = vector(0)
    await session.run({ a: vector(2), b: vector(3) }, { y })
    await expect(session.run({ a: vector(2) }, { y })).rejects.toThrow('runtime: missing value for b')
    await expect(session.run({ a: vector(2), b: vector(3) }, {})).rejects.toThrow('runtime: missing value for y')
  })
})
