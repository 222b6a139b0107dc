import { SpanforgeError } from '../errors.ts'
import type { Value, Values } from './engine.ts'

/** The values that an executable holds between runs, converted to the form that its engine uses. */
export class HeldValues<T> {
  private readonly held = new Map<string, T>()
  private readonly names: ReadonlySet<string>

  /** `names` are the inputs and outputs of the graph; `adopt` converts a value to the engine's form. */
  constructor(
    names: Iterable<string>,
    private readonly adopt: (value: Value) => T,
  ) {
    this.names = new Set(names)
  }

  hold(values: Values): void {
    for (const [name, value] of Object.entries(values)) if (this.names.has(name)) this.held.set(name, this.adopt(value))
  }

  has(name: string): boolean {
    return this.held.has(name)
  }

  /** @throws SpanforgeError if a value passed to a run is already held */
  rejectHeld(...passed: readonly Values[]): void {
    for (const values of passed)
      for (const name of Object.keys(values))
        if (this.held.has(name)) throw new SpanforgeError(`runtime: ${name} is held, so it must not be passed to run`)
  }

  /**
   * Returns the held value with this name or, if there is none, the value passed to the run.
   * @throws SpanforgeError if there is neither
   */
  get(name: string, passed: Values): T {
    const held = this.held.get(name)
    if (held !== undefined) return held
    const value = passed[name]
    if (!value) throw new SpanforgeError(`runtime: missing value for ${name}`)
    return this.adopt(value)
  }

  clear(): void {
    this.held.clear()
  }
}
