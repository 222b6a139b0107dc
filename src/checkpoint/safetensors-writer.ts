import { SpanforgeError } from '../errors.ts'
import { writeFileAtomic } from '../files/atomic.ts'
import { toFloat16 } from '../float16.ts'
import { ELEMENT_BYTES } from './floats.ts'
import { elementCount } from './stored-tensor.ts'

export interface NamedTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

export interface SafetensorsOptions {
  /** F16 halves the file size. Values are rounded to nearest even. */
  readonly dtype?: 'F32' | 'F16'
  /** Additional header entries. `format: 'pt'`, which transformers requires, is always included. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** Number of elements converted at a time: 16 MiB of float16. */
const STEP = 2 ** 23

/** Writes tensors in the given order, atomically and without copying all of them in memory. */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<NamedTensor>,
  { dtype = 'F32', metadata = {} }: SafetensorsOptions = {},
): Promise<void> {
  const list = [...tensors]
  await writeFileAtomic(path, safetensorsChunks(path, list, dtype, metadata))
}

function* safetensorsChunks(
  path: string,
  tensors: readonly NamedTensor[],
  dtype: 'F32' | 'F16',
  metadata: Readonly<Record<string, string>>,
): Generator<Uint8Array> {
  yield encodeHeader(path, tensors, dtype, metadata)
  for (const { name, data } of tensors) {
    if (dtype === 'F32') yield bytesOf(data)
    else
      for (let start = 0; start < data.length; start += STEP)
        yield halves(path, name, data.subarray(start, start + STEP))
  }
}

function encodeHeader(
  path: string,
  tensors: readonly NamedTensor[],
  dtype: 'F32' | 'F16',
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries = new Map<string, unknown>([['__metadata__', { format: 'pt', ...metadata }]])
  let end = 0
  for (const { name, shape, data } of tensors) {
    if (entries.has(name)) throw new SpanforgeError(`${path}: duplicate tensor name ${name}`)
    if (data.length !== elementCount(shape))
      throw new SpanforgeError(`${path}: ${name}: ${data.length} elements do not match shape [${shape}]`)
    const begin = end
    end += data.length * ELEMENT_BYTES[dtype]
    entries.set(name, { dtype, shape, data_offsets: [begin, end] })
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  // Pad with spaces to a multiple of 8, so that every tensor is aligned when a reader maps the file.
  const padded = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ')
  padded.writeBigUInt64LE(BigInt(padded.length - 8))
  padded.set(json, 8)
  return padded
}

function halves(path: string, name: string, data: Float32Array): Uint8Array {
  const result = toFloat16(data)
  const lost = data.findIndex((value, i) => Number.isFinite(value) && (result[i] & 0x7fff) === 0x7c00)
  if (lost < 0) return bytesOf(result)
  throw new SpanforgeError(`${path}: ${name}: found ${data[lost]}, expected values within ±65504 for float16`, {
    remedy: 'Save as float32.',
  })
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)
