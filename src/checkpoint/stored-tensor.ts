import { SpanforgeError } from '../errors.ts'
import { type BinaryFile, CHUNK_BYTES } from '../files/binary-file.ts'
import { showText } from '../show-value.ts'
import { ELEMENT_BYTES, isFloat, toFloat32 } from './floats.ts'

/** A tensor stored in a file. Its elements are read on demand. */
export interface StoredTensor {
  readonly name: string
  /** The file that contains the tensor. */
  readonly path: string
  /** The type as named in the file. It may be a type that cannot be read. */
  readonly dtype: string
  readonly shape: readonly number[]
  /**
   * Reads all elements as float32 in row-major order. Works only for float types; `target` must be as long as the
   * tensor.
   */
  readInto(target: Float32Array): Promise<void>
}

/** Tensors from one or several files, by name. The files stay open until `close` is called. */
export interface TensorSource {
  readonly tensors: ReadonlyMap<string, StoredTensor>
  close(): Promise<void>
}

/** Returns the number of elements, or NaN if it is not a safe integer, so that every comparison with it fails. */
export function elementCount(shape: readonly number[]): number {
  const count = shape.reduce((product, size) => product * size, 1)
  return Number.isSafeInteger(count) ? count : NaN
}

/** Creates a tensor whose elements are stored consecutively from byte `position` of `file`. */
export function contiguousTensor(
  file: BinaryFile,
  name: string,
  dtype: string,
  shape: readonly number[],
  position: number,
): StoredTensor {
  const readInto = async (target: Float32Array): Promise<void> => {
    checkTarget(file.path, name, shape, target)
    await readFloats(file, name, dtype, position, target)
  }
  return { name, path: file.path, dtype, shape, readInto }
}

export function checkTarget(path: string, name: string, shape: readonly number[], target: Float32Array): void {
  if (target.length === elementCount(shape)) return
  throw new SpanforgeError(`${path}: ${name}: shape [${shape}] does not match an array of ${target.length} elements`)
}

/** Builds the error for weights whose type cannot be converted to float32. */
export const unreadable = (place: string, dtype: string): SpanforgeError =>
  new SpanforgeError(`${place}: found dtype ${showText(dtype)}, expected F32, F16, BF16 or F64`, {
    remedy: 'Quantized weights cannot be fine-tuned. Use the unquantized model.',
  })

/** Fills `target` with the floats stored from byte `position`, one chunk at a time. */
export async function readFloats(
  file: BinaryFile,
  name: string,
  dtype: string,
  position: number,
  target: Float32Array,
): Promise<void> {
  if (!isFloat(dtype)) throw unreadable(`${file.path}: ${name}`, dtype)
  if (dtype === 'F32') {
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
    return file.readInto(bytes, position, name)
  }
  const size = ELEMENT_BYTES[dtype]
  const step = CHUNK_BYTES / size
  for (let start = 0; start < target.length; start += step) {
    const part = target.subarray(start, start + step)
    toFloat32(dtype, await file.read(position + start * size, part.length * size, name), part)
  }
}
