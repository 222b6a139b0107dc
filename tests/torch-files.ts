/**
 * Builds files in the format of torch.save from individual parts, so that tests can create invalid files. Text is
 * latin1.
 */

type Bytes = string | Buffer

export const bytes = (...parts: readonly Bytes[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)))

const number = (size: number, write: (buffer: Buffer) => unknown): Buffer => {
  const buffer = Buffer.alloc(size)
  write(buffer)
  return buffer
}
const u16 = (value: number): Buffer => number(2, (buffer) => buffer.writeUInt16LE(value))
const u32 = (value: number): Buffer => number(4, (buffer) => buffer.writeUInt32LE(value))
const u64 = (value: number): Buffer => number(8, (buffer) => buffer.writeBigUInt64LE(BigInt(value)))

export const floats = (...values: number[]): Buffer => Buffer.from(Float32Array.from(values).buffer)

export const text = (value: string): Buffer => bytes('X', u32(value.length), value)
export const int = (value: number): Buffer => bytes('J', u32(value >>> 0))
export const long = (value: bigint): Buffer =>
  bytes(
    '\x8a\x08',
    number(8, (buffer) => buffer.writeBigInt64LE(value)),
  )
export const tuple = (...items: Bytes[]): Buffer => bytes('(', ...items, 't')
export const name = (module: string, name: string): Buffer => bytes('c', module, '\n', name, '\n')
export const call = (callee: Bytes, ...args: Bytes[]): Buffer => bytes(callee, tuple(...args), 'R')
export const dict = (entries: Record<string, Bytes>): Buffer =>
  bytes('}(', ...Object.entries(entries).flatMap(([key, value]) => [text(key), value]), 'u')
export const pickle = (value: Bytes): Buffer => bytes('\x80\x02', value, '.')

export const storage = (type: string, key: string, count: number, module = 'torch'): Buffer =>
  bytes(tuple(text('storage'), name(module, type), text(key), text('cpu'), int(count)), 'Q')

const ints = (values: readonly number[]): Buffer => tuple(...values.map(int))

export const tensor = (of: Bytes, start: number, shape: readonly number[], stride: readonly number[]): Buffer =>
  call(
    name('torch._utils', '_rebuild_tensor_v2'),
    of,
    int(start),
    ints(shape),
    ints(stride),
    '\x89',
    call(name('collections', 'OrderedDict')),
  )

/** A zip archive of stored entries. With zip64, all numbers are in the 64-bit fields. */
export function zip(entries: Record<string, Buffer>, { zip64 = false, method = 0, flags = 0 } = {}): Buffer {
  const local: Buffer[] = []
  const central: Buffer[] = []
  let at = 0
  for (const [path, data] of Object.entries(entries)) {
    const extra = zip64 ? bytes(u16(1), u16(24), u64(data.length), u64(data.length), u64(at)) : bytes()
    const size = u32(zip64 ? 0xffffffff : data.length)
    const common = bytes(u16(45), u16(flags), u16(method), u32(0), u32(0), size, size, u16(path.length))
    const header = bytes('PK\x03\x04', common, u16(0), path)
    central.push(
      bytes(
        'PK\x01\x02',
        u16(45),
        common,
        u16(extra.length),
        bytes(u16(0), u16(0), u16(0), u32(0)),
        u32(zip64 ? 0xffffffff : at),
        path,
        extra,
      ),
    )
    local.push(header, data)
    at += header.length + data.length
  }
  const directory = bytes(...central)
  const count = central.length
  const end64 = bytes(
    'PK\x06\x06',
    u64(44),
    u16(45),
    u16(45),
    u32(0),
    u32(0),
    u64(count),
    u64(count),
    u64(directory.length),
    u64(at),
  )
  const locator = bytes('PK\x06\x07', u32(0), u64(at + directory.length), u32(1))
  const counts = zip64 ? bytes(u16(0xffff), u16(0xffff)) : bytes(u16(count), u16(count))
  const places = zip64 ? bytes(u32(0xffffffff), u32(0xffffffff)) : bytes(u32(directory.length), u32(at))
  const end = bytes('PK\x05\x06', u32(0), counts, places, u16(0))
  return bytes(...local, directory, ...(zip64 ? [end64, locator] : []), end)
}

/** The format of torch before version 1.6. */
export function legacy(stateDict: Bytes, storages: Record<string, { count: number; data: Buffer }>): Buffer {
  const magic = bytes('\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.')
  const keys = bytes(']', '(', ...Object.keys(storages).map(text), 'e')
  const blocks = Object.values(storages).flatMap(({ count, data }) => [u64(count), data])
  const system = dict({ protocol_version: int(1001), little_endian: '\x88' })
  return bytes(magic, pickle(int(1001)), pickle(system), pickle(stateDict), pickle(keys), ...blocks)
}
