import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { constant, input } from '../graph/tensor.ts'
import { add, mul } from '../ops/elementwise.ts'
import { toBytes } from '../protobuf.ts'
import { float32Value } from '../runtime/engine.ts'
import { onnxruntime } from '../runtime/onnxruntime.ts'
import { encodeModel } from './encode.ts'
import { readMappedModel } from './mapped-model.ts'

const COUNT = 10_000
const weight = (factor: number) => Float32Array.from({ length: COUNT }, (_, i) => factor * i)
const signature = { inputs: ['x'], outputs: ['y'] }

/** A file with a model that computes x w + v, with weights of different names and lengths. */
function modelFile(names = ['encoder.layer.0.weight', 'b']) {
  const [w, v] = names.map((name, i) => constant(weight(i + 1), [COUNT], 'float32', name))
  const path = join(temporaryFolder(), 'model.onnx')
  const bytes = toBytes(encodeModel({ y: add(mul(input('x', [COUNT]), w), v) }))
  writeFileSync(path, bytes)
  return { path, bytes }
}

async function computed(path: string): Promise<Float32Array> {
  const session = await onnxruntime.open!(path, signature)
  const y = new Float32Array(COUNT)
  await session.run({ x: float32Value(new Float32Array(COUNT).fill(3), [COUNT]) }, { y: float32Value(y, [COUNT]) })
  await session.release()
  return y
}

test.each([[['w', 'v']], [['encoder.layer.0.weight', 'b']], [['x'.repeat(40), 'y'.repeat(130)]]])(
  'a model without its data refers to the places in its file, whatever the names: %#',
  async (names) => {
    const { path, bytes } = modelFile(names)
    const mapped = readMappedModel(path)!
    expect(mapped.length).toBeLessThan(1000)
    expect(bytes.length).toBeGreaterThan(8 * COUNT)
    expect(await computed(path)).toEqual(weight(5).map((value) => Math.fround(value)))
  },
)

test.skipIf(process.platform !== 'linux')('ONNX Runtime maps the file while the model is open', async () => {
  const { path } = modelFile()
  const isMapped = () => readFileSync('/proc/self/maps', 'utf8').includes(path)
  const session = await onnxruntime.open!(path, signature)
  expect(isMapped()).toBe(true)
  await session.release()
  expect(isMapped()).toBe(false)
})

test('files that are not aligned are loaded as they are', async () => {
  const { path, bytes } = modelFile()
  // A documentation text of one character moves everything.
  writeFileSync(path, Buffer.concat([Uint8Array.of(6 * 8 + 2, 1, 32), bytes]))
  expect(readMappedModel(path)).toBeUndefined()
  expect((await computed(path))[1]).toBe(5)
})

test('files that are no complete models are left to the runtime, whose errors name them', async () => {
  const { path, bytes } = modelFile()
  for (const content of [bytes.subarray(0, bytes.length - 5), bytes.subarray(0, 100), Buffer.from('<html>'), '']) {
    writeFileSync(path, content)
    expect(readMappedModel(path)).toBeUndefined()
    await expect(onnxruntime.open!(path, signature)).rejects.toThrow(`${path}: ONNX Runtime cannot load the model`)
  }
  expect(readMappedModel(join(path, 'missing'))).toBeUndefined()
})
