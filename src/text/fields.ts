import { SpanforgeError } from '../errors.ts'
import { showValue } from '../show-value.ts'

const REMEDY = 'Download the file again, or take it from the original model.'

type JsonType = 'boolean' | 'number' | 'string'

/** Reads an object in a tokenizer's JSON files. Errors contain the location, the value found and the value expected. */
export class Fields {
  private constructor(
    readonly place: string,
    private readonly values: Readonly<Record<string, unknown>>,
  ) {}

  /** @throws SpanforgeError unless the value is an object */
  static of(value: unknown, place: string): Fields {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return new Fields(place, value as Record<string, unknown>)
    throw unexpected(place, value, 'an object {...}')
  }

  /** The file that the object is in. */
  get file(): string {
    return this.place.replace(/:.*/, '')
  }

  get names(): string[] {
    return Object.keys(this.values)
  }

  has(name: string): boolean {
    return Object.hasOwn(this.values, name)
  }

  /** Returns the raw value, or undefined if the field is missing. */
  raw(name: string): unknown {
    return this.has(name) ? this.values[name] : undefined
  }

  /** The value of a required field. */
  boolean(name: string): boolean {
    return this.typed(name, 'boolean') as boolean
  }

  string(name: string): string {
    return this.typed(name, 'string') as string
  }

  /** An integer from `min`. */
  integer(name: string, min: number): number {
    const value = this.raw(name)
    if (Number.isSafeInteger(value) && (value as number) >= min) return value as number
    throw unexpected(this.path(name), value, `an integer of at least ${min}`)
  }

  /** The value of an optional field; null counts as missing. */
  optional(name: string, type: 'boolean'): boolean | undefined
  optional(name: string, type: 'number'): number | undefined
  optional(name: string, type: 'string'): string | undefined
  optional(name: string, type: JsonType): unknown {
    const value = this.raw(name)
    return value === undefined || value === null ? undefined : this.typed(name, type)
  }

  /** A switch that may be missing; null does not count as missing. */
  flag(name: string, missing: boolean): boolean {
    return this.has(name) ? this.boolean(name) : missing
  }

  object(name: string): Fields {
    return Fields.of(this.raw(name), this.path(name))
  }

  list(name: string): readonly unknown[] {
    const value = this.raw(name)
    if (Array.isArray(value)) return value
    throw unexpected(this.path(name), value, 'a list [...]')
  }

  /** Returns one of several strings, or the first one if the field is missing. */
  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const value = this.raw(name)
    if (value === undefined) return values[0]
    if (values.includes(value as T)) return value as T
    throw unexpected(this.path(name), value, values.join(', '))
  }

  path(name: string): string {
    return `${this.place}${this.place.endsWith('.json') ? ': ' : '.'}${name}`
  }

  private typed(name: string, type: JsonType): unknown {
    const value = this.raw(name)
    if (typeof value === type) return value
    throw unexpected(this.path(name), value, `a ${type}`)
  }
}

export function unexpected(place: string, value: unknown, expected: string): SpanforgeError {
  const found = value === undefined ? 'is missing' : `is ${showValue(value, 60)}`
  return new SpanforgeError(`${place} ${found}; expected ${expected}`, { remedy: REMEDY })
}

/** A component in tokenizer.json, identified by its `type`: a normalizer, pre-tokenizer, post-processor or decoder. */
export type Component = Readonly<Record<string, unknown>> & { readonly type: string }

/** Includes the components of sequences. Every text passes through all of them. */
const MAX_COMPONENTS = 100

/** Reads a component of tokenizer.json, which may be null. */
export function readComponent(value: unknown, place: string): Component | null {
  if (value === undefined || value === null) return null
  const count = componentCount(value)
  if (count > MAX_COMPONENTS)
    throw new SpanforgeError(`${place} has ${count} components; expected at most ${MAX_COMPONENTS}`, { remedy: REMEDY })
  return { ...(value as object), type: Fields.of(value, place).string('type') }
}

/** Returns the components listed in a component such as a Sequence, with their locations. */
export const readComponents = (fields: Fields, name: string): [component: Component, place: string][] =>
  fields.list(name).map((value, i) => {
    const place = `${fields.path(name)}[${i}]`
    const component = readComponent(value, place)
    if (component === null) throw unexpected(place, null, 'an object {...}')
    return [component, place]
  })

function componentCount(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = Object.hasOwn(value, 'type') ? 1 : 0
  for (const part of Object.values(value)) count += componentCount(part)
  return count
}

/**
 * Looks up a component's type in a registry. The error for an unknown type lists the supported ones: those in the
 * registry, and `others`, which are read elsewhere.
 */
export function lookUp<T>(
  registry: Readonly<Record<string, T>>,
  type: string,
  place: string,
  kind: string,
  others: readonly string[] = [],
): T {
  if (Object.hasOwn(registry, type)) return registry[type]
  throw new SpanforgeError(
    `${place} is ${showValue(type)}, a ${kind} that spanforge does not support; ` +
      `it supports ${[...Object.keys(registry), ...others].sort().join(', ')}`,
    { remedy: 'Use a model with another tokenizer.' },
  )
}
