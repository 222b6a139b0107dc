import { SpanforgeError } from '../errors.ts'
import type { Value, Values } from './engine.ts'

/** The values that an executable holds from run to run, in the form that its engine works with. */
export class HeldValues<T> {
  private readonly held = new Map<string, T>()
  private readonly names: ReadonlySet<string>

  /** `names` are the inputs and outputs of the graph; `adopt` makes of a value what the engine works with. */
  constructor(
    names: Iterable<string>,
    private readonly adopt: (value: Value) => T,
  ) {
    this.names = new Set(names)
  }

  hold(values: Values): void {
    for (const [name, value] of Object.entries(values)) if (this.names.has(name)) this.held.set(name, this.adopt(value))
  }

  /** @throws SpanforgeError where a value that is passed to a run is held already */
  refuseHeld(...passed: readonly Values[]): void {
    for (const values of passed)
      for (const name of Object.keys(values))
        if (this.held.has(name)) throw new SpanforgeError(`runtime: ${name} is held, so it must not be passed to run`)
  }

  /**
   * What is held by a name, or else passed with a run.
   * @throws SpanforgeError where it is neither
   */
  get(name: string, passed: Values): T {
    const held = this.held.get(name)
    if (held !== undefined) return held
    const value = passed[name]
    if (!value) throw new SpanforgeError(`runtime: no value for ${name}`)
    return this.adopt(value)
  }

  clear(): void {
    this.held.clear()
  }
}
