import { SpanforgeError } from '../errors.ts'
import { input, type Tensor } from '../graph/tensor.ts'

export type Initialization = 'normal' | 'zeros' | 'ones'

/** The part of a model that a parameter belongs to. */
export type Part =
  | { readonly role: 'embedding' }
  | { readonly role: 'layer'; readonly layer: number }
  | { readonly role: 'head' }

/** A parameter that a model has. */
export interface ParameterSpec {
  /** Its name in the graph, which is its key in a checkpoint. */
  readonly name: string
  readonly shape: readonly number[]
  /** How a parameter that no checkpoint holds begins. */
  readonly init: Initialization
  readonly part: Part
  /** Present for a table whose rows are looked up. */
  readonly table?: TableFacts
  readonly tensor: Tensor
}

export interface TableFacts {
  /** The row of padding, which is 0 at first and does not learn (PyTorch's padding_idx). */
  readonly padding_idx?: number
}

/** Rows gathered from a table. Their gradient is added into the table's by whatever runs the graph. */
export interface Lookup extends TableFacts {
  readonly table: string
  /** Name of the input that says which rows. */
  readonly index: string
  readonly rows: Tensor
}

export interface ParameterOptions {
  readonly init?: Initialization
  readonly table?: TableFacts
}

const HEAD: Part = { role: 'head' }

/** A place in the checkpoint, where a model declares its parameters under the checkpoint's very names. */
export class Parameters {
  readonly specs: Map<string, ParameterSpec>
  readonly lookups: Lookup[]

  constructor(
    parent?: Parameters,
    private readonly prefix = '',
    private readonly part = HEAD,
  ) {
    this.specs = parent?.specs ?? new Map()
    this.lookups = parent?.lookups ?? []
  }

  at(name: string, part = this.part): Parameters {
    return new Parameters(this, `${this.prefix}${name}.`, part)
  }

  /** Where the embeddings of a model are, which can be frozen. */
  embeddings(name: string): Parameters {
    return this.at(name, { role: 'embedding' })
  }

  /** Where layer number `layer` of a model is, counted from 0; layers can be frozen from the first on. */
  layer(name: string, layer: number): Parameters {
    return this.at(name, { role: 'layer', layer })
  }

  /** The checkpoint's name of what is called `name` here. */
  key(name: string): string {
    return this.prefix + name
  }

  get(name: string, shape: readonly number[], { init = 'normal', table }: ParameterOptions = {}): Tensor {
    const key = this.key(name)
    if (this.specs.has(key)) throw new SpanforgeError(`parameter ${key} is declared twice`)
    const tensor = input(key, shape)
    this.specs.set(key, { name: key, shape, init, part: this.part, ...(table && { table }), tensor })
    return tensor
  }
}
