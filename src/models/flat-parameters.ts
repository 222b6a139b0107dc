import { elements } from '../graph/shape.ts'
import { type Executable, float32Value, type Value, type Values } from '../runtime/engine.ts'

export interface FlatEntry {
  readonly name: string
  readonly shape: readonly number[]
  readonly start: number
  readonly size: number
}

/** Tensors stored consecutively in one array, in a fixed order. Each tensor is accessible as a view. */
export class FlatParameters {
  private changes = 0
  readonly entries: readonly FlatEntry[]
  readonly size: number
  private readonly byName: ReadonlyMap<string, Value>

  constructor(
    specs: readonly { readonly name: string; readonly shape: readonly number[] }[],
    readonly data: Float32Array = new Float32Array(totalSize(specs)),
  ) {
    let start = 0
    this.entries = specs.map(({ name, shape }) => {
      const entry = { name, shape, start, size: elements(shape) }
      start += entry.size
      return entry
    })
    this.size = start
    this.byName = new Map(
      this.entries.map((e) => [e.name, float32Value(data.subarray(e.start, e.start + e.size), e.shape)]),
    )
  }

  /** Creates a layout of the entries from index `first` over another array. */
  from(first: number, data: Float32Array): FlatParameters {
    return new FlatParameters(this.entries.slice(first), data)
  }

  view(name: string): Float32Array {
    return this.value(name).data as Float32Array
  }

  value(name: string): Value {
    return this.byName.get(name)!
  }

  /** Must be called after writing to the array, so that engines with their own memory read it again. */
  changed(): void {
    this.changes++
  }

  /** Number of times the array has changed. */
  get version(): number {
    return this.changes
  }

  /** Returns all tensors as engine values, optionally renamed. */
  values(rename: (name: string) => string = (name) => name): Values {
    return Object.fromEntries(this.entries.map(({ name }) => [rename(name), this.value(name)]))
  }
}

export const totalSize = (specs: readonly { readonly shape: readonly number[] }[]): number =>
  specs.reduce((n, { shape }) => n + elements(shape), 0)

/** The parameters held by an executable. They are registered once, and updated only if they have moved or changed. */
export class ResidentParameters {
  private parameters: FlatParameters | undefined
  private version = 0

  constructor(private readonly executable: Executable) {}

  /** Ensures that the next run uses the current values of these parameters. */
  follow(parameters: FlatParameters): void {
    if (parameters !== this.parameters) this.executable.hold(parameters.values())
    else if (parameters.version !== this.version) this.executable.invalidate(parameters.entries.map(({ name }) => name))
    this.parameters = parameters
    this.version = parameters.version
  }
}
