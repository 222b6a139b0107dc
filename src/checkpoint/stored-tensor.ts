import { SpanforgeError } from '../errors.ts'
import { type BinaryFile, CHUNK_BYTES } from '../files/binary-file.ts'
import { showText } from '../show-value.ts'
import { ELEMENT_BYTES, isFloat, toFloat32 } from './floats.ts'

/** A tensor that lies in a file and is read when somebody asks for it. */
export interface StoredTensor {
  readonly name: string
  /** The file that holds it. */
  readonly path: string
  /** As the file names it: it may be one that cannot be read here. */
  readonly dtype: string
  readonly shape: readonly number[]
  /** Reads all elements, row-major, as float32. Only for float types; `target` is as long as the tensor. */
  readInto(target: Float32Array): Promise<void>
}

/** Tensors by name, in one file or several, open until closed. */
export interface TensorSource {
  readonly tensors: ReadonlyMap<string, StoredTensor>
  close(): Promise<void>
}

/** Number of elements; NaN where it cannot be counted exactly, so that every comparison with it fails. */
export function elementCount(shape: readonly number[]): number {
  const count = shape.reduce((product, size) => product * size, 1)
  return Number.isSafeInteger(count) ? count : NaN
}

/** A tensor whose elements lie one after the other from byte `position` of `file`. */
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
  throw new SpanforgeError(
    `${path}: ${name}: has shape [${shape}], which does not fit into an array of ${target.length} elements`,
  )
}

/** The error for weights of a type that does not become float32. */
export const unreadable = (place: string, dtype: string): SpanforgeError =>
  new SpanforgeError(`${place}: found dtype ${showText(dtype)}, expected F32, F16, BF16 or F64`, {
    remedy: 'Quantized weights cannot be fine-tuned: use the unquantized model.',
  })

/** Fills `target` with the floats that lie from byte `position`, a chunk at a time. */
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
