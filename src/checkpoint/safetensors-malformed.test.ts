import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { SpanforgeError } from '../errors.ts'
import { openSafetensors } from './safetensors.ts'
import { elementCount } from './stored-tensor.ts'

const tensor = (begin: number, end: number, shape: unknown = [(end - begin) / 4], dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})

function file(header: unknown, dataBytes: number, headerBytes?: bigint): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header), 'latin1')
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(headerBytes ?? BigInt(json.length))
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)])
}

const one = { w: tensor(0, 8) }
const row = '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'

const MALFORMED: Record<string, [content: Buffer, error: RegExp]> = {
  'an empty file': [Buffer.alloc(0), /the header length is at bytes 0 to 8, but the file has 0 bytes/],
  'a truncated header length': [Buffer.alloc(5), /the header length is at bytes 0 to 8, but the file has 5 bytes/],
  'a header length of 2^60': [file(one, 8, 2n ** 60n), /header length of 1152921504606846976 bytes in a file of/],
  'a header length of 2^64 - 1': [file(one, 8, 2n ** 64n - 1n), /header length of 18446744073709551615 bytes/],
  'a truncated header': [file(one, 0, 1000n), /header length of 1000 bytes/],
  'a header length of 0': [file('', 0), /the header is not JSON/],
  'a header that is not JSON': [file('{"w":', 0), /the header is not JSON in UTF-8/],
  'a header that is not UTF-8': [file('{"\xff":1}', 0), /the header is not JSON in UTF-8/],
  'a header that is a list': [file([], 0), /the header is not a JSON object/],
  'a header that is null': [file('null', 0), /the header is not a JSON object/],
  'metadata that is not text': [
    file({ __metadata__: { step: 3 } }, 0),
    /__metadata__: expected an object that maps names to strings/,
  ],
  'an entry that is null': [file({ w: null }, 0), /w: found null, expected dtype, shape and data_offsets/],
  'an entry without a shape': [
    file({ w: { dtype: 'F32', data_offsets: [0, 4] } }, 4),
    /w: found .* expected dtype, shape/,
  ],
  'a shape that is not a list': [file({ w: tensor(0, 8, 2) }, 8), /w: found .* expected dtype, shape/],
  'a negative size': [file({ w: tensor(0, 8, [-1, -2]) }, 8), /w: found .* expected dtype, shape/],
  'a size that is not an integer': [file({ w: tensor(0, 8, [2.5]) }, 8), /w: found .* expected dtype, shape/],
  'sizes whose product overflows': [
    file({ w: tensor(0, 8, [2 ** 40, 2 ** 40, 2 ** 40]) }, 8),
    /w: found bytes 0 to 8, which do not hold F32 of shape/,
  ],
  'a million keys': [
    file(`{${Array.from({ length: 1_000_001 }, (_, i) => `"${i}":1`)}}`, 0),
    /the header is too complex: more than 1,000,000 values/,
  ],
  'nested brackets': [file({ w: [[[[]]]] }, 0), /the header is too complex: nested deeper than 3 levels/],
  'a shape of 65 axes': [file({ w: tensor(0, 4, Array(65).fill(1)) }, 4), /w: found .* expected dtype, shape/],
  'an unterminated name': [
    file({ ['n'.repeat(1025)]: tensor(0, 4) }, 4),
    /n{200}…: found a name of 1025 characters, expected at most 1024/,
  ],
  'a shape larger than its bytes': [
    file({ w: tensor(0, 8, [3]) }, 8),
    /w: found bytes 0 to 8, which do not hold F32 of shape \[3\]/,
  ],
  'an unknown dtype that ends before it begins': [file({ w: tensor(8, 0, [2], 'Q4') }, 8), /w: found bytes 8 to 0/],
  'an unknown dtype past the end': [file({ w: tensor(0, 16, [2], 'Q4') }, 8), /w: extends past the end of the file/],
  'a dtype that is not a string': [file({ w: tensor(0, 8, [2], 4) }, 8), /w: found .* expected dtype, shape/],
  'an end before the beginning': [file({ w: tensor(8, 0, [2]) }, 8), /w: found bytes 8 to 0, which do not hold/],
  'an offset past the end of the file': [
    file({ w: tensor(0, 16) }, 8),
    /w: extends past the end of the file: bytes 0 to 16 of 8/,
  ],
  'tensors that overlap': [
    file({ a: tensor(0, 8), b: tensor(4, 12) }, 12),
    /b: overlaps another tensor: bytes 4 to 12/,
  ],
  'two tensors at the same offset': [file({ a: tensor(0, 8), b: tensor(0, 8) }, 8), /b: overlaps another tensor/],
  'a gap between tensors': [file({ a: tensor(0, 4), b: tensor(8, 12) }, 12), /b: follows a gap: bytes 8 to 12/],
  'bytes after the last tensor': [file(one, 12), /the tensors end at byte 8 of 12/],
  'a truncated tensor': [file(one, 7), /w: extends past the end of the file: bytes 0 to 8 of 7/],
  'a duplicate name': [file(`{"w":${row},"w":${row}}`, 8), /duplicate name w in the header/],
  'a duplicate name with a different spelling': [
    file(`{"w":${row},"\\u0077" :${row}}`, 8),
    /duplicate name w in the header/,
  ],
  'a web page': [Buffer.from('<!doctype html><html><body>Not found</body></html>'), /found a web page/],
  'a Git LFS pointer': [
    Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 441\n'),
    /found a Git LFS pointer.*(.|\n)*git lfs pull/,
  ],
}

test.each(Object.entries(MALFORMED))('rejects %s', async (_name, [content, expected]) => {
  const path = join(await temporaryFolder(), 'model.safetensors')
  await writeFile(path, content)
  const error = await openSafetensors(path).catch((error) => error)
  expect(error).toBeInstanceOf(SpanforgeError)
  expect(error.message).toContain(path)
  expect(error.message).toMatch(expected)
})

test.each(['Q4', 'F4', 'C64', 'F8_E8M0', 'constructor'])(
  'rejects a tensor of dtype %s only when it is read',
  async (dtype) => {
    const path = join(await temporaryFolder(), 'model.safetensors')
    await writeFile(path, file({ w: tensor(0, 8, [dtype === 'C64' ? 1 : 8], dtype), v: tensor(8, 12) }, 12))
    const { tensors, close } = await openSafetensors(path)
    await tensors.get('v')!.readInto(new Float32Array(1))
    const target = new Float32Array(elementCount(tensors.get('w')!.shape))
    await expect(tensors.get('w')!.readInto(target)).rejects.toThrow(
      `w: found dtype ${dtype}, expected F32, F16, BF16 or F64\n  Quantized weights`,
    )
    await close()
  },
)

test.each([null, {}, { format: 'pt' }])('accepts %j as __metadata__', async (__metadata__) => {
  const path = join(await temporaryFolder(), 'model.safetensors')
  await writeFile(path, file({ __metadata__, ...one }, 8))
  const { metadata, close } = await openSafetensors(path)
  expect(metadata).toEqual(__metadata__ ?? {})
  await close()
})

test('reads files without tensors, empty tensors and scalars', async () => {
  const path = join(await temporaryFolder(), 'model.safetensors')
  await writeFile(path, file({}, 0))
  const empty = await openSafetensors(path)
  expect(empty.tensors.size).toBe(0)
  await empty.close()
  await writeFile(path, file({ none: tensor(0, 0, [0, 3]), scalar: tensor(0, 4, []), last: tensor(4, 4, [2, 0]) }, 4))
  const { tensors, close } = await openSafetensors(path)
  for (const [name, size] of Object.entries({ none: 0, scalar: 1, last: 0 }))
    await tensors.get(name)!.readInto(new Float32Array(size))
  await close()
})

test('does not mistake keys repeated inside entries for duplicate names', async () => {
  const path = join(await temporaryFolder(), 'model.safetensors')
  await writeFile(
    path,
    file(`{"__metadata__":{"a":"{\\"w\\":1"},"w":${row},"dtype":${row.replace('0,8', '8,16')}}`, 16),
  )
  const opened = await openSafetensors(path)
  expect([...opened.tensors.keys()]).toEqual(['w', 'dtype'])
  await opened.close()
})

test('a huge name, string or nesting in the header does not overflow the stack', async () => {
  const path = join(await temporaryFolder(), 'model.safetensors')
  for (const header of [`{"${'x'.repeat(16_000_000)}":1}`, `{"w":"${'\\n'.repeat(8_000_000)}"}`]) {
    await writeFile(path, file(header, 0))
    await expect(openSafetensors(path)).rejects.toThrow(SpanforgeError)
  }
  await writeFile(path, file('['.repeat(1_000_000), 0))
  await expect(openSafetensors(path)).rejects.toThrow(SpanforgeError)
})

test('rejects a missing file and a folder', async () => {
  const folder = await temporaryFolder()
  await expect(openSafetensors(join(folder, 'none.safetensors'))).rejects.toThrow('none.safetensors: does not exist')
  await expect(openSafetensors(folder)).rejects.toThrow('found a folder')
})

test('reports a file that is truncated after it was opened, instead of returning zeros', async () => {
  const path = join(await temporaryFolder(), 'model.safetensors')
  await writeFile(path, file(one, 8))
  const opened = await openSafetensors(path)
  const handle = await open(path, 'r+')
  await handle.truncate(file(one, 4).length)
  await handle.close()
  await expect(opened.tensors.get('w')!.readInto(new Float32Array(2))).rejects.toThrow(
    'was truncated while w was being read',
  )
  await opened.close()
})

test('changing any bytes of a header leads to a read within the file or a proper error', async () => {
  const original = await readFile(fixture('tiny/b1/safetensors-sharded/model-00006-of-00006.safetensors'))
  const headerEnd = 8 + original.readUInt32LE(0)
  const path = join(await temporaryFolder(), 'model.safetensors')
  const change = fc.tuple(fc.nat(headerEnd - 1), fc.nat(255))
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const content = Buffer.from(original)
      for (const [at, value] of changes) content[at] = value
      await writeFile(path, content)
      const opened = await openSafetensors(path).catch((error) => error)
      if (opened instanceof SpanforgeError) return
      if (opened instanceof Error) throw opened
      for (const { shape } of opened.tensors.values()) expect(elementCount(shape)).toBeLessThan(original.length)
      await opened.close()
    }),
    { numRuns: 500, seed: 1 },
  )
})
