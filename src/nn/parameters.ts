import { SpanforgeError } from '../errors.ts'
import { input, type Tensor } from '../graph/tensor.ts'

export type Initialization = 'normal' | 'zeros' | 'ones'

export interface ParameterSpec {
  readonly name: string
  readonly shape: readonly number[]
  /** How a parameter that no checkpoint holds begins. */
  readonly init: Initialization
  readonly tensor: Tensor
}

/** Rows gathered from a table. Their gradient is added into the table's by whoever runs the graph. */
export interface Lookup {
  readonly table: string
  /** Name of the input that says which rows. */
  readonly index: string
  /** The row of padding, which does not learn (PyTorch's padding_idx). */
  readonly padding_idx?: number
  readonly rows: Tensor
}

/** A place in the checkpoint, where a model declares its parameters under the checkpoint's very names. */
export class Parameters {
  readonly specs: Map<string, ParameterSpec>
  readonly lookups: Lookup[]
  private readonly prefix: string

  constructor(parent?: Parameters, prefix = '') {
    this.specs = parent?.specs ?? new Map()
    this.lookups = parent?.lookups ?? []
    this.prefix = prefix
  }

  at(name: string): Parameters {
    return new Parameters(this, `${this.prefix}${name}.`)
  }

  /** The checkpoint's name of what is called `name` here. */
  key(name: string): string {
    return this.prefix + name
  }

  get(name: string, shape: readonly number[], init: Initialization = 'normal'): Tensor {
    const key = this.key(name)
    if (this.specs.has(key)) throw new SpanforgeError(`parameter ${key} is declared twice`)
    const tensor = input(key, shape)
    this.specs.set(key, { name: key, shape, init, tensor })
    return tensor
  }
}
