import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import {
  bytes,
  call,
  dict,
  floats,
  int,
  legacy,
  long,
  name,
  pickle,
  storage,
  tensor,
  text,
  tuple,
  zip,
} from '../../tests/torch-files.ts'
import { SpanforgeError } from '../errors.ts'
import { openPytorchBin } from './pytorch-bin.ts'

const two = storage('FloatStorage', '0', 2)
const good = dict({ w: tensor(two, 0, [2], [1]) })
const data = floats(1, 2)

/** Creates a complete zip archive around the value of a pickle, or around complete pickles. */
const zipped = (value: string | Buffer) => zip({ 'm/data.pkl': pickle(value), 'm/data/0': data })
const raw = (content: string) => zip({ 'm/data.pkl': bytes(content), 'm/data/0': data })
const view = (start: number, shape: number[], stride: number[]) =>
  zipped(dict({ w: tensor(two, start, shape, stride) }))
const rebuild = (...args: (string | Buffer)[]) =>
  zipped(dict({ w: call(name('torch._utils', '_rebuild_tensor_v2'), ...args) }))
const whole = zipped(good)
const legacyWhole = legacy(good, { 0: { count: 2, data } })

const patched = (content: Buffer, at: number, ...values: number[]): Buffer => {
  const copy = Buffer.from(content)
  copy.set(values, at < 0 ? copy.length + at : at)
  return copy
}

const MALFORMED: Record<string, [content: Buffer, error: RegExp]> = {
  'an empty file': [Buffer.alloc(0), /neither the zip format nor the legacy format/],
  'a web page': [Buffer.from('\n<!DOCTYPE html>'), /found a web page/],
  'a truncated zip archive': [whole.subarray(0, whole.length - 60), /the directory at the end is missing/],
  'a zip archive without its beginning': [bytes('PK\x03\x04', whole.subarray(40)), /is at bytes|is not where/],
  'a zip directory past the end of the file': [
    patched(whole, -6, 0xff, 0xff, 0xff, 0x7f),
    /the zip directory is at bytes/,
  ],
  'a zip directory of 2 GB': [patched(whole, -10, 0xff, 0xff, 0xff, 0x7f), /a directory of 2147483647 bytes/],
  'a zip directory with too few entries': [patched(whole, -12, 9), /no entry 2 of 9/],
  'a zip64 archive without its directory': [patched(whole, -12, 0xff, 0xff), /the zip64 locator is missing/],
  'two zip entries with the same name': [
    Buffer.from(
      zip({ 'm/data/0': data, 'm/data/1': data }).toString('latin1').replaceAll('data/1', 'data/0'),
      'latin1',
    ),
    /two entries named m\/data\/0/,
  ],
  'a compressed entry': [zip({ 'm/data.pkl': data }, { method: 8 }), /m\/data.pkl is compressed/],
  'an encrypted entry': [zip({ 'm/data.pkl': data }, { flags: 1 }), /m\/data.pkl is encrypted/],
  'an archive without data.pkl': [zip({ 'word/document.xml': data }), /data.pkl is missing/],
  'a big-endian archive': [zip({ 'm/data.pkl': pickle(good), 'm/byteorder': Buffer.from('big') }), /big-endian/],
  'a missing storage': [zip({ 'm/data.pkl': pickle(good) }), /storage 0 is missing/],
  'a storage too small': [
    zip({ 'm/data.pkl': pickle(good), 'm/data/0': floats(1) }),
    /storage 0 has 4 bytes, expected 8/,
  ],
  'a truncated pickle': [raw('\x80\x02}('), /found an unexpected end of data/],
  'a string longer than the pickle': [raw('\x80\x02X\xff\xff\xff\xff'), /found an unexpected end of data/],
  'an unterminated name': [raw('\x80\x02ctorch'), /found an unterminated name/],
  'an opcode that state dicts do not use': [raw('\x80\x02\x81.'), /opcode 0x81, which state dicts do not use/],
  'an empty stack': [raw('\x80\x02.'), /found an empty stack/],
  'a tuple without a mark': [raw('\x80\x02t.'), /no mark on the stack/],
  'a pair with one value': [raw('\x80\x02N\x86.'), /too few values on the stack/],
  'a memo entry that was never stored': [raw('\x80\x02h\x07.'), /memo entry 7, which was never stored/],
  'a call of a string': [zipped(bytes(text('f'), tuple(), 'R')), /a call of an object that is not callable/],
  'items of a number': [zipped(bytes(int(1), '(NNu')), /items for an object that is not a dictionary/],
  'a key without a value': [zipped('}(Nu'), /items for an object that is not a dictionary/],
  'items appended to a dictionary': [zipped('}Na'), /items for an object that is not a list/],
  'attributes of a list': [zipped(']Nb'), /attributes of an object that is not a dictionary/],
  'a name that is not a string': [zipped('NN\x93'), /a name that is not a string/],
  'a list instead of a state dict': [zipped(']'), /an object that is not a dictionary, expected a state dict/],
  'a state dict within a dictionary': [zipped(dict({ model: good })), /found "model", which is not a tensor/],
  'a key that is a number': [zipped(bytes('}', int(1), tensor(two, 0, [2], [1]), 's')), /a key that is not a string/],
  'a tensor past the end of its storage': [view(1, [2], [1]), /shape \[2\] and strides \[1\] from 1 of 2 elements/],
  'strides past the end of the storage': [view(0, [2], [2]), /shape \[2\] and strides \[2\] from 0 of 2 elements/],
  'more sizes than strides': [view(0, [1, 2], [1]), /shape \[1,2\] and strides \[1\]/],
  'a negative stride': [view(1, [2], [-1]), /invalid tensor, expected a storage, offset, shape and strides/],
  'sizes whose product overflows': [view(0, [2 ** 30, 2 ** 30, 2 ** 30], [0, 0, 1]), /from 0 of 2 elements/],
  'a size of 2^60': [
    rebuild(two, int(0), tuple(long(2n ** 60n)), tuple(int(1))),
    /invalid tensor, expected a storage, offset, shape and strides/,
  ],
  'a tensor made of nothing': [rebuild(), /invalid tensor, expected a storage, offset, shape and strides/],
  'a tensor whose storage is a number': [
    rebuild(int(0), int(0), tuple(), tuple()),
    /invalid tensor, expected a storage/,
  ],
  'a parameter that is not a tensor': [
    zipped(dict({ w: call(name('torch._utils', '_rebuild_parameter'), int(1)) })),
    /a parameter that is not a tensor/,
  ],
  'a storage without a type': [
    zipped(bytes(tuple(text('storage'), int(1), text('0')), 'Q')),
    /invalid storage, expected a type, a key and a size/,
  ],
  'a storage with two sizes': [
    zipped(dict({ a: tensor(two, 0, [2], [1]), b: tensor(storage('FloatStorage', '0', 3), 0, [3], [1]) })),
    /storage 0 has two types or sizes/,
  ],
  'a storage that is a view of another': [
    zipped(bytes(tuple(text('storage'), name('torch', 'FloatStorage'), text('0'), text('cpu'), int(2), tuple()), 'Q')),
    /storage 0 is a view of another storage/,
  ],
  'a legacy file truncated in its weights': [legacyWhole.subarray(0, -1), /storage 0 ends at byte \d+ of \d+/],
  'a legacy file truncated in its pickles': [legacyWhole.subarray(0, 60), /found an unexpected end of data/],
  'a legacy file with a wrong magic number': [patched(legacyWhole, 6, 0), /found magic number \d+, expected/],
  'a legacy file that lists a storage twice': [
    Buffer.from(legacyWhole.toString('latin1').replace('0e.', '0X\x01\0\0\x000e.'), 'latin1'),
    /the size of storage 0 is at bytes|storage 0 is listed twice|storage 0 has/,
  ],
  'a legacy storage whose size does not match its tensor': [
    legacy(good, { 0: { count: 3, data } }),
    /storage 0 has 3 elements, expected 2/,
  ],
  'a legacy storage that is missing': [legacy(good, {}), /storage 0 is missing/],
  'a legacy storage without a tensor': [
    legacy(good, { 0: { count: 2, data }, 1: { count: 2, data } }),
    /storage 1 does not belong to any tensor/,
  ],
}

test.each(Object.entries(MALFORMED))('rejects %s', async (_name, [content, expected]) => {
  const path = join(await temporaryFolder(), 'pytorch_model.bin')
  await writeFile(path, content)
  const error = await openPytorchBin(path).catch((error) => error)
  expect(error).toBeInstanceOf(SpanforgeError)
  expect(error.message).toContain(path)
  expect(error.message).toMatch(expected)
})

/**
 * Nested lists, each containing the previous one twice: the memo of a pickle makes 2^depth values from a few bytes per
 * level.
 */
const doubled = (depth: number): string => {
  let value = ']'
  for (let level = 0; level < depth; level++) {
    const memo = String.fromCharCode(level)
    value = `](${value}q${memo}h${memo}e`
  }
  return value
}
const replaced = (content: Buffer, part: Buffer, by: string): Buffer =>
  Buffer.from(content.toString('latin1').replace(part.toString('latin1'), by), 'latin1')

const longName = 'n'.repeat(2_000_000)
const axes = (count: number): Buffer => bytes('(', '\x4b\x01'.repeat(count), 't')
/** A state dict in which many tensors share one shape with many axes through the memo. */
const sharedShape = (): Buffer => {
  const shape = bytes(axes(500_000), 'q\x01')
  const first = call(
    bytes(name('torch._utils', '_rebuild_tensor_v2'), 'q\x03'),
    bytes(two, 'q\x02'),
    int(0),
    shape,
    'h\x01',
  )
  const again = bytes('h\x03(h\x02K\x00h\x01h\x01tR')
  const others = Array.from({ length: 20_000 }, (_, i) => bytes(text(`w${i}`), again))
  return zipped(bytes('}(', text('w'), first, ...others, 'u'))
}

/** Small files that claim huge contents. */
const HOSTILE: Record<string, [content: () => Buffer, error: RegExp]> = {
  'a shape of half a million axes, used 20,000 times': [sharedShape, /at most 64 axes/],
  'a protocol that is 2^40 lists': [
    () => replaced(legacyWhole, pickle(int(1001)), `\x80\x02${doubled(40)}.`),
    /found protocol \[\[/,
  ],
  'a shape of 2^40 lists': [() => rebuild(two, int(0), doubled(40), tuple(int(1))), /found an invalid tensor/],
  'a storage key of 2^40 lists': [
    () => replaced(legacyWhole, bytes('](', text('0'), 'e.'), `](${doubled(40)}e.`),
    /found storage key \[\[\[/,
  ],
  'a key of 2 MB': [() => zipped(dict({ [longName]: tensor(two, 0, [2], [1]) })), /a name of 2000000 characters/],
  'a storage key of 2 MB': [
    () => zipped(dict({ w: tensor(storage('FloatStorage', longName, 2), 0, [2], [1]) })),
    /a storage key of 2000000 characters/,
  ],
  'a global name of 2 MB': [() => zipped(call(name('os', longName))), /rejected: the file requests "os.nnn/],
  'a global name with an escape sequence': [() => zipped(call(name('o\x1b[2Js', 'x'))), /"o\\u001b\[2Js.x"/],
  'two million dictionaries': [() => zipped('}'.repeat(2_000_000)), /more than 1,000,000 opcodes/],
  '20,000 storages': [
    () => zipped(bytes('(', ...Array.from({ length: 20_000 }, (_, i) => storage('FloatStorage', `${i}`, 1)), 't')),
    /more than 10000 storages/,
  ],
  'overlapping zip entries': [
    () => {
      const content = zip({ 'm/data.pkl': pickle(good), 'm/data/0': data, 'm/data/1': data })
      const last = content.lastIndexOf('PK\x01\x02')
      const before = content.lastIndexOf('PK\x01\x02', last - 1)
      return patched(content, last + 42, ...content.subarray(before + 42, before + 46))
    },
    /m\/data\/1 shares bytes with another entry/,
  ],
  '20,000 zip entries': [
    () => zip(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`m/${i}`, bytes()]))),
    /a directory of 20000 entries/,
  ],
}

test.each(Object.entries(HOSTILE))(
  'rejects %s quickly and with a short message',
  async (_name, [content, expected]) => {
    const path = join(await temporaryFolder(), 'pytorch_model.bin')
    await writeFile(path, content())
    const started = process.cpuUsage()
    const error = await openPytorchBin(path).catch((error) => error)
    // CPU time in milliseconds, because wall-clock time would include other processes.
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(2000)
    expect(error).toBeInstanceOf(SpanforgeError)
    expect(Buffer.byteLength(error.message)).toBeLessThan(2000)
    expect(error.message).toMatch(expected)
  },
)

test('the builders create valid files from valid parts', async () => {
  const path = join(await temporaryFolder(), 'pytorch_model.bin')
  for (const content of [whole, legacyWhole, await readFile(fixture('tiny/b1/bin-zip/pytorch_model.bin'))]) {
    await writeFile(path, content)
    await (await openPytorchBin(path)).close()
  }
})
