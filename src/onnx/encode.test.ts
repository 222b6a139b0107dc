import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import type { DType, TensorData } from '../graph/data.ts'
import { type Attributes, apply, constant, Float, Floats, input, type TensorType } from '../graph/tensor.ts'
import { add, mul } from '../ops/elementwise.ts'
import { chunks, toBytes } from '../protobuf.ts'
import type { Value } from '../runtime/engine.ts'
import { onnxruntime } from '../runtime/onnxruntime.ts'
import { encodeModel, type Initializer } from './encode.ts'
import { ExternalData } from './external-data.ts'

/** Returns the result that ONNX Runtime, an independent decoder, computes for an operator without operands. */
async function ofAttribute(attributes: Attributes, type: TensorType): Promise<ort.Tensor> {
  const session = await ort.InferenceSession.create(
    toBytes(encodeModel({ y: apply({ type: 'Constant' }, [], type, attributes) })),
  )
  const { y } = await session.run({})
  await session.release()
  return y
}

describe('attribute types', () => {
  test.each<[string, Attributes, TensorType, unknown[]]>([
    ['an integer', { value_int: -3 }, { shape: [], dtype: 'int64' }, [-3n]],
    ['integers', { value_ints: [1, -2, 3] }, { shape: [3], dtype: 'int64' }, [1n, -2n, 3n]],
    ['a float', { value_float: new Float(2) }, { shape: [], dtype: 'float32' }, [2]],
    ['floats', { value_floats: new Floats([1, 0.5]) }, { shape: [2], dtype: 'float32' }, [1, 0.5]],
    ['a tensor', { value: constant([1, 2], [2, 1], 'int8') }, { shape: [2, 1], dtype: 'int8' }, [1, 2]],
  ])('%s', async (_name, attributes, type, expected) => {
    expect([...((await ofAttribute(attributes, type)).data as Iterable<unknown>)]).toEqual(expected)
  })

  test('a string', async () => {
    const x = input('x', ['n'])
    const gelu = apply({ type: 'Gelu' }, [x], x, { approximate: 'tanh' })
    const session = await ort.InferenceSession.create(toBytes(encodeModel({ y: gelu }, { opset: 20 })))
    const { y } = await session.run({ x: new ort.Tensor('float32', [1], [1]) })
    // The exact GELU would be 0.841345.
    expect((y.data as Float32Array)[0]).toBeCloseTo(0.841192, 6)
    await session.release()
  })

  test('strings', async () => {
    const model = toBytes(
      encodeModel({
        y: apply({ type: 'Constant' }, [], { shape: [2], dtype: 'int64' }, { value_strings: ['one', 'two'] }),
      }),
    )
    // The output is declared as int64. The error message of ONNX Runtime contains the type that it decoded.
    await expect(ort.InferenceSession.create(model)).rejects.toThrow(/tensor\(string\)/)
  })

  test('rejects a tensor that is not a constant', () => {
    const bad = apply({ type: 'Constant' }, [], { shape: [], dtype: 'float32' }, { value: input('x', []) })
    expect(() => encodeModel({ bad })).toThrow('attribute value: expected a constant')
  })
})

describe('element types', () => {
  const types: [DType, TensorData][] = [
    ['float32', Float32Array.of(1.5, -2)],
    ['float16', Uint16Array.of(0x3e00, 0xc000)],
    ['int32', Int32Array.of(7, -7)],
    ['int64', BigInt64Array.of(2n ** 40n, -1n)],
    ['int8', Int8Array.of(127, -128)],
    ['uint8', Uint8Array.of(0, 255)],
    ['bool', Uint8Array.of(1, 0)],
  ]
  test.each(types)('%s works as a constant and as an input of a session', async (dtype, data) => {
    const session = await onnxruntime.compile({ a: constant(data, [2], dtype), b: input('x', ['n'], dtype) })
    const room = (): Value => ({ dtype, dims: [2], data: new (data.constructor as Int32ArrayConstructor)(2) })
    const outputs = { a: room(), b: room() }
    await session.run({ x: { dtype, dims: [2], data } }, outputs)
    expect(outputs.a.data).toEqual(data)
    expect(outputs.b.data).toEqual(data)
    await session.release()
  })
})

describe('constants', () => {
  test('converts plain numbers and uses typed arrays without a copy', () => {
    expect(constant([1, -2], [2], 'float16').source).toMatchObject({ data: Uint16Array.of(0x3c00, 0xc000) })
    expect(constant([1, -2], [2], 'int64').source).toMatchObject({ data: BigInt64Array.of(1n, -2n) })
    const data = Float32Array.of(1, 2)
    const { source } = constant(data, [2])
    expect(source.kind === 'constant' && source.data).toBe(data)
  })

  test('rejects an array of the wrong type or length', () => {
    expect(() => constant(Float32Array.of(1), [1], 'int32')).toThrow('found a Float32Array, expected a Int32Array')
    expect(() => constant([1, 2], [3], 'float32', 'w')).toThrow('constant w: found 2 elements, expected 3')
  })

  test('rejects operands of different types; a number takes the type of the other operand', () => {
    const half = input('x', [2], 'float16')
    expect(() => add(half, input('y', [2]))).toThrow('Add: x: float16 [2] and y: float32 [2] have different types')
    expect(mul(half, 0.5).dtype).toBe('float16')
  })
})

describe('weights', () => {
  const weights = Float32Array.from({ length: 1000 }, (_, i) => i)
  const y = add(input('x', [1000]), constant(weights.subarray(0), [1000], 'float32', 'encoder.weight'))
  const x = new ort.Tensor('float32', new Float32Array(1000).fill(1), [1000])
  const expected = weights.map((w) => w + 1)

  test('are referenced by the encoded model, not copied', () => {
    const model = encodeModel({ y })
    expect([...chunks(model)].filter(({ buffer }) => buffer === weights.buffer)).toHaveLength(1)
  })

  test('may be stored in a file next to the model, except small ones', async () => {
    const folder = temporaryFolder()
    const external = new ExternalData('model.onnx_data')
    const other = Float32Array.from(weights, (w) => -w)
    const z = mul(add(y, constant(other, [1000])), 2)
    const model = toBytes(encodeModel({ z }, { external }))
    expect(model.length).toBeLessThan(1000)
    expect(external.size).toBe(4096 + 4000)
    writeFileSync(join(folder, 'model.onnx'), model)
    writeFileSync(join(folder, 'model.onnx_data'), toBytes(external.content))
    const session = await ort.InferenceSession.create(join(folder, 'model.onnx'))
    expect((await session.run({ x })).z.data).toEqual(new Float32Array(1000).fill(2))
    await session.release()
  })

  test('are computed slice by slice where that is possible', () => {
    const count = 3 * 2 ** 20 + 7
    const [slices, wholes]: number[][] = [[], []]
    const values = (from: number, to: number) => Uint8Array.from({ length: to - from }, (_, i) => (from + i) % 251)
    const w = {
      shape: [count],
      dtype: 'uint8' as const,
      data() {
        wholes.push(count)
        return values(0, count)
      },
    }
    const slice = (from: number, to: number) => {
      slices.push(to - from)
      return values(from, to)
    }
    const z = add(input('w', [count], 'uint8'), input('x', [count], 'uint8'))
    const encoded = (initializer: Initializer) =>
      toBytes(encodeModel({ z }, { initializers: new Map([['w', initializer]]) }))
    const sliced = encoded({ ...w, slice })
    expect(slices).toEqual([2 ** 20, 2 ** 20, 2 ** 20, 7])
    expect(wholes).toEqual([])
    expect(Buffer.compare(sliced, encoded(w))).toBe(0)
  })

  test('have unique names', async () => {
    const a = constant([2], [1], 'float32', 'v0')
    const session = await ort.InferenceSession.create(toBytes(encodeModel({ y: mul(mul(input('v1', [1]), 3), a) })))
    expect(session.inputNames).toEqual(['v1'])
    expect((await session.run({ v1: new ort.Tensor('float32', [5], [1]) })).y.data).toEqual(Float32Array.of(30))
    await session.release()
    expect(() => encodeModel({ y: add(input('v0', [1]), a) })).toThrow('duplicate value name v0')
  })

  test('compute the same result when embedded in the model', async () => {
    const session = await ort.InferenceSession.create(toBytes(encodeModel({ y })))
    expect((await session.run({ x })).y.data).toEqual(expected)
    await session.release()
  })
})
