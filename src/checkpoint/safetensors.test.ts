import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { openSafetensors } from './safetensors.ts'
import { type NamedTensor, writeSafetensors } from './safetensors-writer.ts'
import { elementCount } from './stored-tensor.ts'

async function readAll(path: string): Promise<NamedTensor[]> {
  const file = await openSafetensors(path)
  const result: NamedTensor[] = []
  for (const { name, shape, readInto } of file.tensors.values()) {
    const data = new Float32Array(elementCount(shape))
    await readInto(data)
    result.push({ name, shape, data })
  }
  await file.close()
  return result
}

test('reading and writing a file reproduces the bytes of the reference implementation', async () => {
  const reference = fixture('tiny/b1/safetensors/model.safetensors')
  const path = join(await temporaryFolder(), 'model.safetensors')
  await writeSafetensors(path, await readAll(reference))
  expect(await readFile(path)).toEqual(await readFile(reference))
})

test.each(['float16', 'bfloat16'])('converts %s weights to the same float32 values as torch', async (type) => {
  const found = await readAll(fixture(`tiny/b3/${type}/model.safetensors`))
  const expected = await readAll(fixture(`tiny/b3/weights-${type}-as-float32.safetensors`))
  expect(new Map(found.map((tensor) => [tensor.name, tensor]))).toEqual(
    new Map(expected.map((tensor) => [tensor.name, tensor])),
  )
})

test('rounds float32 weights to the same float16 bits as torch', async () => {
  const path = join(await temporaryFolder(), 'half.safetensors')
  const reference = fixture('tiny/b3/float16/model.safetensors')
  const float32 = await readAll(fixture('tiny/b1/safetensors/model.safetensors'))
  const order = (await readAll(reference)).map(({ name }) => name)
  await writeSafetensors(
    path,
    order.map((name) => float32.find((tensor) => tensor.name === name)!),
    { dtype: 'F16' },
  )
  expect(await readFile(path)).toEqual(await readFile(reference))
})

test('lists integer tensors, but refuses to read them as weights', async () => {
  const file = await openSafetensors(fixture('tiny/b1/batch-plain.safetensors'))
  const ids = file.tensors.get('input_ids')!
  expect([ids.dtype, ids.shape]).toEqual(['I64', [4, 24]])
  await expect(ids.readInto(new Float32Array(96))).rejects.toThrow('input_ids: found dtype I64, expected F32')
  await file.close()
})

test('preserves scalars, empty tensors, unusual names and metadata', async () => {
  const path = join(await temporaryFolder(), 'strange.safetensors')
  const tensors: NamedTensor[] = [
    { name: 'a', shape: [], data: Float32Array.of(3) },
    { name: 'empty', shape: [0, 5], data: new Float32Array(0) },
    { name: '__proto__', shape: [1, 2], data: Float32Array.of(1, 2) },
    { name: 'quote " and é', shape: [2], data: Float32Array.of(NaN, -0) },
  ]
  await writeSafetensors(path, tensors, { metadata: { step: '3' } })
  expect(await readAll(path)).toEqual(tensors)
  const file = await openSafetensors(path)
  expect(file.metadata).toEqual({ format: 'pt', step: '3' })
  await file.close()
  expect((await readFile(path)).readUInt32LE(0) % 8).toBe(0)
})

test('reads a tensor longer than one chunk', async () => {
  const path = join(await temporaryFolder(), 'long.safetensors')
  const count = 2 ** 23 + 5
  const data = Float32Array.from({ length: count }, (_, i) => i % 2048)
  await writeSafetensors(path, [{ name: 'long', shape: [count], data }], { dtype: 'F16' })
  const [{ data: read }] = await readAll(path)
  expect(Buffer.compare(Buffer.from(read.buffer), Buffer.from(data.buffer))).toBe(0)
})

test('rejects a target of the wrong length', async () => {
  const file = await openSafetensors(fixture('tiny/b1/safetensors/model.safetensors'))
  await expect(file.tensors.get('qa_outputs.bias')!.readInto(new Float32Array(3))).rejects.toThrow(
    'qa_outputs.bias: shape [2] does not match an array of 3 elements',
  )
  await file.close()
})

test('the writer rejects duplicate names, mismatched shapes and values that overflow float16', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'x.safetensors')
  await writeFile(path, 'old')
  const one = { name: 'w', shape: [1], data: Float32Array.of(1e6) }
  await expect(writeSafetensors(path, [one, one])).rejects.toThrow('duplicate tensor name w')
  await expect(writeSafetensors(path, [{ ...one, shape: [2] }])).rejects.toThrow('w: 1 elements do not match shape [2]')
  await expect(writeSafetensors(path, [one], { dtype: 'F16' })).rejects.toThrow(
    'w: found 1000000, expected values within',
  )
  expect(await readFile(path, 'utf8')).toBe('old')
})
