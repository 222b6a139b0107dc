import { SpanforgeError } from '../errors.ts'
import { toFloat16 } from '../float16.ts'
import { input, type Tensor } from '../graph/tensor.ts'
import type { FlatParameters } from '../models/flat-parameters.ts'
import type { ParameterSpec } from '../nn/parameters.ts'
import { byteLength, type Initializer } from '../onnx/encode.ts'

/**
 * The tensors that an exported model stores, by name. They are inputs of its graph. All that are made from weights are
 * made when they are written, so that an export needs little more memory than the weights.
 */
export class StoredWeights {
  private readonly tensors = new Map<string, Tensor>()
  private readonly halves = new Map<string, Tensor>()
  private readonly stored = new Map<string, Initializer>()

  constructor(
    private readonly specs: ReadonlyMap<string, ParameterSpec>,
    private readonly parameters: FlatParameters,
  ) {
    for (const { name, shape } of specs.values())
      this.stored.set(name, { shape, dtype: 'float32', data: () => this.parameters.view(name) })
  }

  get initializers(): ReadonlyMap<string, Initializer> {
    return this.stored
  }

  has(name: string): boolean {
    return this.stored.has(name)
  }

  /** Returns the specification of a parameter of the model, or undefined for any other tensor. */
  parameter({ source }: Tensor): ParameterSpec | undefined {
    return source.kind === 'input' ? this.specs.get(source.name) : undefined
  }

  values(name: string): Float32Array {
    return this.parameters.view(name)
  }

  /** Returns the tensor with this name. It is stored once, no matter how often it is used. */
  add(name: string, initializer: Initializer): Tensor {
    const known = this.tensors.get(name)
    if (known) return known
    const tensor = input(name, initializer.shape, initializer.dtype)
    this.tensors.set(name, tensor)
    this.stored.set(name, initializer)
    return tensor
  }

  /** Stores a float32 tensor as float16 instead, under the same name. */
  halve(name: string): Tensor {
    const known = this.halves.get(name)
    if (known) return known
    const { shape, data } = this.stored.get(name)!
    const isParameter = this.specs.has(name)
    const halves = (values: Float32Array) => inRange(name, toFloat16(values))
    this.stored.set(name, {
      shape,
      dtype: 'float16',
      data: () => halves(data() as Float32Array),
      ...(isParameter && { slice: (from, to) => halves(this.values(name).subarray(from, to)) }),
    })
    const tensor = input(name, shape, 'float16')
    this.halves.set(name, tensor)
    return tensor
  }

  /** Number of bytes of the tensors with these names. */
  bytes(names: Iterable<string>): number {
    return [...names].reduce((total, name) => total + byteLength(this.stored.get(name)!), 0)
  }
}

const INFINITE = 0x7c00

function inRange(name: string, halves: Uint16Array): Uint16Array {
  if (halves.every((half) => (half & 0x7fff) < INFINITE)) return halves
  throw new SpanforgeError(`${name}: has values above 65,504, the largest of float16`, {
    remedy: 'Export the model as fp32 or as q8, which keep such values.',
  })
}
