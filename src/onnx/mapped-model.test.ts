import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { constant, input } from '../graph/tensor.ts'
import { add, mul } from '../ops/elementwise.ts'
import { toBytes } from '../protobuf.ts'
import { float32Value } from '../runtime/engine.ts'
import { onnxruntime } from '../runtime/onnxruntime.ts'
import { encodeModel } from './encode.ts'
import { ExternalData } from './external-data.ts'
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
    expect(mapped.model.length).toBeLessThan(1000)
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

test('a link to a file in another folder maps that file, as in the cache of a hub', async () => {
  const { path } = modelFile()
  const link = join(temporaryFolder(), 'linked.onnx')
  symlinkSync(path, link)
  expect(readMappedModel(link)).toEqual(readMappedModel(path))
  expect((await computed(link))[1]).toBe(5)
})

test('models whose data is in a file next to them are loaded as they are, also through links', async () => {
  const [folder, links] = [temporaryFolder(), temporaryFolder()]
  const data = new ExternalData('model.onnx_data')
  const y = mul(input('x', [COUNT]), constant(weight(5), [COUNT], 'float32', 'w'))
  writeFileSync(join(folder, 'blob'), toBytes(encodeModel({ y }, { external: data })))
  writeFileSync(join(folder, 'data'), toBytes(data.content))
  symlinkSync(join(folder, 'blob'), join(links, 'model.onnx'))
  symlinkSync(join(folder, 'data'), join(links, 'model.onnx_data'))
  expect(readMappedModel(join(links, 'model.onnx'))).toBeUndefined()
  expect((await computed(join(links, 'model.onnx')))[1]).toBe(15)
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
