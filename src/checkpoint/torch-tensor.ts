import { SpanforgeError } from '../errors.ts'
import { showText, showValue } from '../show-value.ts'
import type { BinaryFile } from './binary-file.ts'
import { type Dtype, ELEMENT_BYTES } from './floats.ts'
import type { PickleNames } from './pickle.ts'
import { checkTarget, contiguousTensor, elementCount, readFloats, type StoredTensor } from './stored-tensor.ts'

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

/** A tensor as torch pickles it: shape, and stride and start in elements of its storage. */
export class View {
  constructor(
    readonly storage: Storage,
    readonly start: number,
    readonly shape: readonly number[],
    readonly stride: readonly number[],
  ) {}
}

/** What a file of torch.save holds, whichever of its two formats it has. */
export interface TorchFile {
  readonly stateDict: unknown
  /** Byte where each storage begins, by key; every storage of the state dict lies wholly within the file. */
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
}

/** That of torch itself. */
const MAX_AXES = 64
/** Each costs an access to the file; a BERT has some hundreds. */
const MAX_STORAGES = 10_000
/** The parameter names of a BERT have up to 60 characters. */
export const MAX_NAME_LENGTH = 1024

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const areCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= MAX_AXES && value.every(isCount)

/** The names that the pickle of a state dict may use, and no others. `storages` gathers the storages that it names. */
export function stateDictNames(path: string, storages: Map<string, Storage>): PickleNames {
  const fail = (message: string): never => {
    throw new SpanforgeError(`${path}: ${message}`, { remedy: 'The file is damaged, or not a state dict.' })
  }

  const rebuildTensor = (args: unknown): View => {
    const [storage, start, shape, stride] = Array.isArray(args) ? args : []
    if (!(storage instanceof Storage && isCount(start) && areCounts(shape) && areCounts(stride)))
      return fail(
        `found a tensor that is not made of storage, offset, shape and strides (of at most ${MAX_AXES} axes): ` +
          showValue([start, shape, stride]),
      )
    const view = new View(storage, start, shape, stride)
    if (shape.length !== stride.length || !(span(view) <= storage.count))
      fail(`found a tensor of shape [${shape}] and strides [${stride}] from ${start} of ${storage.count} elements`)
    return view
  }

  const rebuildParameter = (args: unknown): View => {
    const view = Array.isArray(args) ? args[0] : undefined
    return view instanceof View ? view : fail('found a parameter that is not a tensor')
  }

  const resolve = (module: string, name: string): unknown => {
    if (module === 'torch._utils' && name === '_rebuild_tensor_v2') return rebuildTensor
    if (module === 'torch._utils' && name === '_rebuild_parameter') return rebuildParameter
    if (module === 'collections' && name === 'OrderedDict') return () => new Map()
    if (module === 'torch' && Object.hasOwn(STORAGE_TYPES, name)) return new StorageType(STORAGE_TYPES[name])
    throw new SpanforgeError(
      `${path}: refused: the file asks for "${showText(module)}.${showText(name)}", which no weights need`,
      {
        remedy:
          'A pickle can run any program through such a name. Do not load this file elsewhere; ask for safetensors.',
      },
    )
  }

  const persistent = (id: unknown): Storage => {
    const [kind, type, key, , count, part] = Array.isArray(id) ? id : []
    if (kind !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string' || !isCount(count))
      return fail('found a storage that is not made of type, key and size')
    if (key.length > MAX_NAME_LENGTH) return fail(`found a storage key of ${key.length} characters`)
    if (part !== undefined && part !== null)
      fail(`storage ${showText(key)} is a part of another one, which is not read here`)
    const storage = new Storage(key, type.dtype, count)
    const known = storages.get(key) ?? storage
    if (known.dtype !== storage.dtype || known.count !== count) fail(`storage ${showText(key)} has two types or sizes`)
    storages.set(key, known)
    if (storages.size > MAX_STORAGES) return fail(`found more than ${MAX_STORAGES} storages`)
    return known
  }

  return { resolve, persistent }
}

/** Elements of the storage from its beginning to the last one that the view sees. */
function span({ start, shape, stride }: View): number {
  if (elementCount(shape) === 0) return start
  return start + 1 + shape.reduce((sum, size, axis) => sum + (size - 1) * stride[axis], 0)
}

/** A view of a storage that lies from byte `position` of the file. */
export function viewedTensor(file: BinaryFile, name: string, view: View, position: number): StoredTensor {
  const { storage, shape, start } = view
  const { dtype } = storage
  const first = position + start * ELEMENT_BYTES[dtype]
  if (isContiguous(view)) return contiguousTensor(file, name, dtype, shape, first)
  const readInto = async (target: Float32Array): Promise<void> => {
    checkTarget(file.path, name, shape, target)
    if (target.length === 0) return
    const elements = new Float32Array(span(view) - start)
    await readFloats(file, name, dtype, first, elements)
    gather(elements, view, target)
  }
  return { name, dtype, shape, readInto }
}

function isContiguous({ shape, stride }: View): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && stride[axis] !== expected) return false
    expected *= shape[axis]
  }
  return true
}

/** Lays a strided view (files converted from TensorFlow hold transposed ones) out in row-major order. */
function gather(elements: Float32Array, { shape, stride }: View, target: Float32Array): void {
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
