import { SpanforgeError } from '../errors.ts'
import { input, type Tensor } from '../graph/tensor.ts'

/** A normal distribution around 0 that is redrawn where it is further out than `cutoff` deviations. */
export interface TruncatedNormal {
  readonly deviation: number
  readonly cutoff: number
}

/** How new weights are initialized; `normal` has the standard deviation `initializer_range` of the configuration. */
export type Initialization = 'normal' | 'zeros' | 'ones' | TruncatedNormal

/** The part of a model to which a parameter belongs. */
export type ModelPart =
  | { readonly role: 'embedding' }
  | { readonly role: 'layer'; readonly layer: number }
  | { readonly role: 'after-layers' }
  | { readonly role: 'head' }

/** A parameter of a model. */
export interface ParameterSpec {
  /** Name in the graph, which is also the key in a checkpoint. */
  readonly name: string
  readonly shape: readonly number[]
  /** Initialization of a parameter that is missing in the checkpoint. */
  readonly init: Initialization
  readonly part: ModelPart
  /** Present if the parameter is a lookup table. */
  readonly table?: TableFacts
  readonly tensor: Tensor
}

export interface TableFacts {
  /** Index of the padding row, which is initialized with 0 and not trained (padding_idx in PyTorch). */
  readonly padding_idx?: number
}

/** Rows gathered from a table. The code that runs the graph adds their gradient to the gradient of the table. */
export interface Lookup extends TableFacts {
  readonly table: string
  /** Name of the input that contains the row indices. */
  readonly index: string
  readonly rows: Tensor
}

export interface ParameterOptions {
  readonly init?: Initialization
  readonly table?: TableFacts
}

const HEAD: ModelPart = { role: 'head' }

/** A prefix in the checkpoint, under which a model declares its parameters by their checkpoint names. */
export class Parameters {
  readonly specs: Map<string, ParameterSpec>
  readonly lookups: Lookup[]

  constructor(
    parent?: Parameters,
    private readonly prefix = '',
    private readonly part = HEAD,
    private readonly isShared = false,
  ) {
    this.specs = parent?.specs ?? new Map()
    this.lookups = parent?.lookups ?? []
  }

  at(name: string, part = this.part): Parameters {
    return new Parameters(this, `${this.prefix}${name}.`, part, this.isShared)
  }

  /** Returns the same prefix, under which a parameter that is declared again is the one declared before. */
  shared(): Parameters {
    return new Parameters(this, this.prefix, this.part, true)
  }

  /** Returns the prefix of the embeddings, which can be frozen. */
  embeddings(name: string): Parameters {
    return this.at(name, { role: 'embedding' })
  }

  /** Returns the prefix of a layer, counted from 0. Layers can be frozen starting with the first. */
  layer(name: string, layer: number): Parameters {
    return this.at(name, { role: 'layer', layer })
  }

  /** Returns the prefix of encoder parameters between the last layer and the head. */
  afterLayers(name: string): Parameters {
    return this.at(name, { role: 'after-layers' })
  }

  /** Returns the full checkpoint key of a name. */
  key(name: string): string {
    return this.prefix + name
  }

  get(name: string, shape: readonly number[], { init = 'normal', table }: ParameterOptions = {}): Tensor {
    const key = this.key(name)
    const known = this.specs.get(key)
    if (known && this.isShared && String(known.shape) === String(shape)) return known.tensor
    if (known) throw new SpanforgeError(`parameter ${key} is declared twice`)
    const tensor = input(key, shape)
    this.specs.set(key, { name: key, shape, init, part: this.part, ...(table && { table }), tensor })
    return tensor
  }
}
