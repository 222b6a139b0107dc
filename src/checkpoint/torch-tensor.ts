import { SpanforgeError } from '../errors.ts'
import type { BinaryFile } from '../files/binary-file.ts'
import { showText, showValue } from '../show-value.ts'
import { type Dtype, ELEMENT_BYTES } from './floats.ts'
import type { PickleNames } from './pickle.ts'
import {
  checkTarget,
  contiguousTensor,
  elementCount,
  readFloats,
  type StoredTensor,
  unreadable,
} from './stored-tensor.ts'

/** The block of memory that a torch tensor is a view of. */
export class Storage {
  constructor(
    readonly key: string,
    readonly dtype: Dtype,
    readonly count: number,
  ) {}

  get bytes(): number {
    return this.count * ELEMENT_BYTES[this.dtype]
  }
}

/** A tensor as pickled by torch. Strides and start are in elements of the storage. */
export class TensorView {
  constructor(
    readonly storage: Storage,
    readonly start: number,
    readonly shape: readonly number[],
    readonly stride: readonly number[],
    readonly dtype: Dtype = storage.dtype,
  ) {}

  /** Number of elements of this type that the storage can hold. */
  get room(): number {
    return Math.floor(this.storage.bytes / ELEMENT_BYTES[this.dtype])
  }
}

/** A tensor without a dense storage; `kind` names its type. */
export class OtherTensor {
  constructor(readonly kind: string) {}
}

/** The contents of a torch.save file in either format. */
export interface TorchFile {
  readonly stateDict: unknown
  /** Byte offset of each storage, by key. Every storage of the state dict is completely within the file. */
  readonly positions: ReadonlyMap<string, number>
}

class StorageType {
  constructor(readonly dtype: Dtype) {}
}

const STORAGE_TYPES: Readonly<Record<string, Dtype>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
  ComplexFloatStorage: 'C64',
  ComplexDoubleStorage: 'C128',
  QInt8Storage: 'QI8',
  QUInt8Storage: 'QU8',
  QInt32Storage: 'QI32',
  // Bytes of any type; the tensor specifies the type.
  UntypedStorage: 'U8',
}

/** Types of tensors in untyped storages. */
const TYPES: Readonly<Record<string, Dtype>> = {
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  float8_e4m3fnuz: 'F8_E4M3FNUZ',
  float8_e5m2fnuz: 'F8_E5M2FNUZ',
  float8_e8m0fnu: 'F8_E8M0',
  uint16: 'U16',
  uint32: 'U32',
  uint64: 'U64',
}

/** Constants that occur in the state dicts of quantized and other models and do not affect float weights. */
const CONSTANTS: ReadonlySet<string> = new Set([
  ...['qint8', 'quint8', 'qint32', 'quint4x2', 'per_tensor_affine', 'per_channel_affine'],
  ...['float64', 'float32', 'float16', 'bfloat16', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'],
  ...['complex64', 'complex128'],
])

/** The same limit as in torch. */
const MAX_AXES = 64
/** Each storage costs one file access. A BERT model has a few hundred. */
const MAX_STORAGES = 10_000
/** The parameter names of a BERT model have up to 60 characters. */
export const MAX_NAME_LENGTH = 1024

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const areCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= MAX_AXES && value.every(isCount)

/**
 * Resolves the names that the pickle of a state dict may use, and rejects all others. Adds the storages that the pickle
 * refers to to `storages`.
 */
export function stateDictNames(path: string, storages: Map<string, Storage>): PickleNames {
  const fail = (message: string): never => {
    throw new SpanforgeError(`${path}: ${message}`, { remedy: 'The file is corrupted or is not a state dict.' })
  }

  const rebuild = (args: unknown, dtype?: Dtype): TensorView => {
    const [storage, start, shape, stride] = Array.isArray(args) ? args : []
    if (!(storage instanceof Storage && isCount(start) && areCounts(shape) && areCounts(stride)))
      return fail(
        `found an invalid tensor, expected a storage, offset, shape and strides (at most ${MAX_AXES} axes): ` +
          showValue([start, shape, stride]),
      )
    const view = new TensorView(storage, start, shape, stride, dtype)
    if (shape.length !== stride.length || !(span(view) <= view.room))
      fail(`found a tensor of shape [${shape}] and strides [${stride}] from ${start} of ${view.room} elements`)
    return view
  }

  const rebuildTyped = (args: unknown): TensorView => {
    const type = Array.isArray(args) ? args[6] : undefined
    return type instanceof StorageType ? rebuild(args, type.dtype) : fail('found a tensor without a type')
  }

  const rebuildParameter = (args: unknown): TensorView | OtherTensor => {
    const tensor = Array.isArray(args) ? args[0] : undefined
    return tensor instanceof TensorView || tensor instanceof OtherTensor
      ? tensor
      : fail('found a parameter that is not a tensor')
  }

  const callables: Readonly<Record<string, (args: unknown) => unknown>> = {
    'torch._utils._rebuild_tensor_v2': (args) => rebuild(args),
    'torch._utils._rebuild_tensor_v3': rebuildTyped,
    'torch._utils._rebuild_qtensor': (args) => rebuild(args),
    'torch._utils._rebuild_parameter': rebuildParameter,
    'torch._utils._rebuild_sparse_tensor': () => new OtherTensor('sparse'),
    'torch._utils._rebuild_meta_tensor_no_storage': () => new OtherTensor('meta (without values)'),
    'torch.serialization._get_layout': () => null,
    'torch.Size': () => null,
    'torch.device': () => null,
    'collections.OrderedDict': () => new Map(),
  }

  const resolve = (module: string, name: string): unknown => {
    const full = `${module}.${name}`
    if (Object.hasOwn(callables, full)) return callables[full]
    if (full === 'torch.storage.UntypedStorage') return new StorageType(STORAGE_TYPES.UntypedStorage)
    for (const types of [STORAGE_TYPES, TYPES])
      if (module === 'torch' && Object.hasOwn(types, name)) return new StorageType(types[name])
    if (module === 'torch' && CONSTANTS.has(name)) return null
    throw new SpanforgeError(
      `${path}: rejected: the file requests "${showText(module)}.${showText(name)}", which weights never need`,
      {
        remedy:
          'A pickle can execute arbitrary code through such a name. Do not load this file in any program; use a safetensors version instead.',
      },
    )
  }

  const persistent = (id: unknown): Storage => {
    const [kind, type, key, , count, part] = Array.isArray(id) ? id : []
    if (kind !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string' || !isCount(count))
      return fail('found an invalid storage, expected a type, a key and a size')
    if (key.length > MAX_NAME_LENGTH) return fail(`found a storage key of ${key.length} characters`)
    if (part !== undefined && part !== null)
      fail(`storage ${showText(key)} is a view of another storage, which is not supported`)
    const storage = new Storage(key, type.dtype, count)
    const known = storages.get(key) ?? storage
    if (known.dtype !== storage.dtype || known.count !== count) fail(`storage ${showText(key)} has two types or sizes`)
    storages.set(key, known)
    if (storages.size > MAX_STORAGES) return fail(`found more than ${MAX_STORAGES} storages`)
    return known
  }

  return { resolve, persistent }
}

/** Number of storage elements from the start of the storage to the last element of the view. */
function span({ start, shape, stride }: TensorView): number {
  if (elementCount(shape) === 0) return start
  return start + 1 + shape.reduce((sum, size, axis) => sum + (size - 1) * stride[axis], 0)
}

/** Represents a tensor whose elements cannot be read. */
export function otherTensor(path: string, name: string, { kind }: OtherTensor): StoredTensor {
  return { name, path, dtype: kind, shape: [], readInto: () => Promise.reject(unreadable(`${path}: ${name}`, kind)) }
}

/** Creates a tensor from a view of a storage that starts at byte `position` of the file. */
export function viewedTensor(file: BinaryFile, name: string, view: TensorView, position: number): StoredTensor {
  const { shape, start, dtype } = view
  const first = position + start * ELEMENT_BYTES[dtype]
  if (isContiguous(view)) return contiguousTensor(file, name, dtype, shape, first)
  const readInto = async (target: Float32Array): Promise<void> => {
    checkTarget(file.path, name, shape, target)
    if (target.length === 0) return
    const elements = new Float32Array(span(view) - start)
    await readFloats(file, name, dtype, first, elements)
    gather(elements, view, target)
  }
  return { name, path: file.path, dtype, shape, readInto }
}

function isContiguous({ shape, stride }: TensorView): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && stride[axis] !== expected) return false
    expected *= shape[axis]
  }
  return true
}

/** Copies a strided view into row-major order. Files converted from TensorFlow contain transposed views. */
function gather(elements: Float32Array, { shape, stride }: TensorView, target: Float32Array): void {
  const index = shape.map(() => 0)
  let from = 0
  for (let to = 0; to < target.length; to++) {
    target[to] = elements[from]
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += stride[axis]
      if (++index[axis] < shape[axis]) break
      from -= stride[axis] * shape[axis]
      index[axis] = 0
    }
  }
}
