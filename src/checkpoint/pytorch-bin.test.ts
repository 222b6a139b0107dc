import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fixture, fixtureJson } from '../../tests/fixture.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { bytes, call, dict, floats, legacy, name, pickle, storage, tensor, text, zip } from '../../tests/torch-files.ts'
import { SpanforgeError } from '../errors.ts'
import { openPytorchBin } from './pytorch-bin.ts'
import { elementCount } from './stored-tensor.ts'

async function write(content: Buffer): Promise<string> {
  const path = join(await temporaryFolder(), 'pytorch_model.bin')
  await writeFile(path, content)
  return path
}

async function readAll(path: string): Promise<Record<string, { shape: readonly number[]; values: number[] }>> {
  const file = await openPytorchBin(path)
  const result: Record<string, { shape: readonly number[]; values: number[] }> = {}
  for (const { name, shape, readInto } of file.tensors.values()) {
    const values = new Float32Array(elementCount(shape))
    await readInto(values)
    result[name] = { shape, values: [...values] }
  }
  await file.close()
  return result
}

const six = floats(0, 1, 2, 3, 4, 5)
const view = (start: number, shape: number[], stride: number[]) =>
  tensor(storage('FloatStorage', '0', 6), start, shape, stride)
const views = dict({
  whole: view(0, [2, 3], [3, 1]),
  transposed: view(0, [3, 2], [1, 3]),
  column: view(1, [2], [3]),
  row: view(3, [1, 3], [100, 1]),
  expanded: view(5, [2, 2], [0, 0]),
  scalar: view(4, [], []),
  empty: view(6, [0, 3], [3, 1]),
  parameter: call(name('torch._utils', '_rebuild_parameter'), view(0, [1], [1]), '\x88', '}'),
})
const EXPECTED = {
  whole: { shape: [2, 3], values: [0, 1, 2, 3, 4, 5] },
  transposed: { shape: [3, 2], values: [0, 3, 1, 4, 2, 5] },
  column: { shape: [2], values: [1, 4] },
  row: { shape: [1, 3], values: [3, 4, 5] },
  expanded: { shape: [2, 2], values: [5, 5, 5, 5] },
  scalar: { shape: [], values: [4] },
  empty: { shape: [0, 3], values: [] },
  parameter: { shape: [1], values: [0] },
}

test.each([
  ['zip', zip({ 'model/data.pkl': pickle(views), 'model/byteorder': Buffer.from('little'), 'model/data/0': six })],
  ['zip64', zip({ 'model/data.pkl': pickle(views), 'model/data/0': six }, { zip64: true })],
  ['zip with a comment', bytes(zip({ 'a/data.pkl': pickle(views), 'a/data/0': six }), 'PK\x05\x06 is no end')],
  ['legacy', legacy(views, { 0: { count: 6, data: six } })],
])('%s: views of one storage are read by their strides', async (_format, content) => {
  expect(await readAll(await write(content))).toEqual(EXPECTED)
})

test.each(['zip', 'protocol-4', 'legacy'])('%s: reads files of torch 2.8 as torch does', async (form) => {
  expect(await readAll(fixture(`torch-save/${form}.bin`))).toEqual(fixtureJson('torch-save/expected.json'))
})

test('converts half, bfloat16 and double storages to float32 and lists integers', async () => {
  const stored: Record<string, [type: string, data: ArrayBuffer]> = {
    half: ['HalfStorage', Uint16Array.of(0x3c00, 0xc000).buffer],
    bfloat: ['BFloat16Storage', Uint16Array.of(0x3f80, 0xc000).buffer],
    double: ['DoubleStorage', Float64Array.of(1, -2).buffer],
  }
  const entries = Object.entries(stored)
  const states = dict(
    Object.fromEntries(entries.map(([key, [type]]) => [key, tensor(storage(type, key, 2), 0, [2], [1])])),
  )
  const data = Object.fromEntries(entries.map(([key, [, data]]) => [`m/data/${key}`, Buffer.from(data)]))
  const path = await write(zip({ 'm/data.pkl': pickle(states), ...data }))
  const same = { shape: [2], values: [1, -2] }
  expect(await readAll(path)).toEqual({ half: same, bfloat: same, double: same })

  const ids = dict({ ids: tensor(storage('LongStorage', '0', 1), 0, [1], [1]) })
  const file = await openPytorchBin(await write(zip({ 'm/data.pkl': pickle(ids), 'm/data/0': Buffer.alloc(8) })))
  expect(file.tensors.get('ids')).toMatchObject({ dtype: 'I64', shape: [1] })
  await expect(file.tensors.get('ids')!.readInto(new Float32Array(1))).rejects.toThrow('ids: found dtype I64')
  await file.close()
})

const dangerous = {
  'os.system': call(name('os', 'system'), text('touch owned')),
  'builtins.eval': call(name('builtins', 'eval'), text('1')),
  'builtins.getattr': call(name('builtins', 'getattr'), text('1'), text('2')),
  'torch.load': call(name('torch', 'load'), text('x')),
  'torch.constructor': name('torch', 'constructor'),
  'collections.OrderedDict.pop': name('collections', 'OrderedDict.pop'),
}

test.each(Object.entries(dangerous))('rejects a pickle that requests %s, and names it', async (asked, value) => {
  for (const content of [zip({ 'm/data.pkl': pickle(dict({ w: value })) }), legacy(dict({ w: value }), {})]) {
    const error = await openPytorchBin(await write(content)).catch((error) => error)
    expect(error).toBeInstanceOf(SpanforgeError)
    expect(error.message).toContain(`rejected: the file requests "${asked}", which weights never need`)
  }
})

test('rejects a legacy file whose magic number is a call before reading anything else', async () => {
  const path = await write(bytes(pickle(call(name('os', 'system'), text('touch owned')))))
  await expect(openPytorchBin(path)).rejects.toThrow('neither the zip format nor the legacy format')
})

test.each(['bin-zip', 'bin-legacy'])(
  '%s: changing any bytes leads to a successful read or a proper error',
  async (form) => {
    const original = await readFile(fixture(`tiny/b1/${form}/pytorch_model.bin`))
    const path = await write(original)
    // The pickles are in the first 9,000 bytes, the directory of a zip archive in the last 4,000.
    const place = fc.oneof(fc.nat(8_999), fc.integer({ min: original.length - 4_000, max: original.length - 1 }))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 4 }), async (changes) => {
        const content = Buffer.from(original)
        for (const [at, value] of changes) content[at] = value
        await writeFile(path, content)
        const opened = await openPytorchBin(path).catch((error) => error)
        if (opened instanceof SpanforgeError) return
        if (opened instanceof Error) throw opened
        for (const { dtype, shape, readInto } of opened.tensors.values())
          if (dtype === 'F32' && elementCount(shape) < original.length)
            await readInto(new Float32Array(elementCount(shape)))
        await opened.close()
      }),
      { numRuns: 200, seed: 1 },
    )
  },
)
