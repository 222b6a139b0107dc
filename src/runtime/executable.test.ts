import { expect, onTestFinished, test } from 'vitest'
import { describeEngines } from '../../tests/engines.ts'
import { input } from '../graph/tensor.ts'
import { add, mul } from '../ops/elementwise.ts'
import { float32Value } from './engine.ts'

const vector = (...values: number[]) => float32Value(Float32Array.from(values), [values.length])

describeEngines('values that an executable holds', (engine) => {
  async function product() {
    const session = await engine.compile({ y: mul(input('a', ['n']), input('b', ['n'])) })
    onTestFinished(() => session.release())
    return session
  }

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
