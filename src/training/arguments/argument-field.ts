import { z } from 'zod'

/** The syntax of an argument on the command line. */
export type ArgumentKind = 'integer' | 'number' | 'boolean' | 'choice' | 'list' | 'text' | 'object'

export interface ArgumentNotes {
  readonly kind: ArgumentKind
  /** Completes "expected ..." in errors, and describes the values in the reference page. */
  readonly expected: string
  readonly description: string
}

const notes = z.registry<ArgumentNotes>()

/** Returns the notes of an argument's schema. */
export function notesOf(schema: z.ZodType): ArgumentNotes {
  return notes.get(schema)!
}

/** Defines an argument. `schema` contains the default; `description` explains the effect and how to choose a value. */
export function argument<S extends z.ZodType>(kind: ArgumentKind, schema: S, expected: string, description: string): S {
  notes.add(schema, { kind, expected, description })
  return schema
}

export function integer(value: number, minimum: number, description: string) {
  return argument('integer', z.int().min(minimum).default(value), `an integer of at least ${minimum}`, description)
}

export function optionalInteger(minimum: number, description: string) {
  const schema = z.int().min(minimum).nullable().default(null)
  return argument('integer', schema, `an integer of at least ${minimum}`, description)
}

/** Defines a number in [minimum, maximum]. */
export function number(value: number, range: { minimum: number; maximum?: number }, description: string) {
  const { minimum, maximum } = range
  const upper = maximum === undefined ? '' : ` and at most ${maximum}`
  const least = z.number().min(minimum)
  const schema = (maximum === undefined ? least : least.max(maximum)).default(value)
  return argument('number', schema, `a number of at least ${minimum}${upper}`, description)
}

export function optionalPositive(description: string) {
  return argument('number', z.number().positive().nullable().default(null), 'a number above 0', description)
}

export function positive(value: number, description: string) {
  return argument('number', z.number().positive().default(value), 'a number above 0', description)
}

/** The optimizer computes in float32, where 1e-50 becomes 0, 1e40 becomes Infinity and 0.99999999 becomes 1. */
const isFloat32 = (value: number): boolean =>
  Number.isFinite(Math.fround(value)) && (value === 0 || Math.fround(value) !== 0)
const FLOAT32 = '1e-45 to 3e38 in float32'

/** Defines a positive number that the optimizer uses in float32. */
export function positiveFloat32(value: number, description: string) {
  const schema = z.number().positive().refine(isFloat32).default(value)
  return argument('number', schema, `a number above 0 (${FLOAT32})`, description)
}

/** Defines a nonnegative number that the optimizer uses in float32. */
export function float32(value: number, description: string) {
  const schema = z.number().min(0).refine(isFloat32).default(value)
  return argument('number', schema, `a number of at least 0 (${FLOAT32})`, description)
}

/** Whether float32 rounds a share to neither 0 nor 1. */
export const isShareOfFloat32 = (share: number): boolean => Math.fround(share) > 0 && Math.fround(share) < 1

/** Defines a fraction in [0, 1) that the optimizer uses in float32. Rejects values that float32 rounds to 1. */
export function float32Share(value: number, description: string) {
  const isShare = (share: number): boolean => share === 0 || isShareOfFloat32(share)
  const schema = z.number().min(0).lt(1).refine(isShare).default(value)
  return argument(
    'number',
    schema,
    'a number of at least 0 and less than 1 (at most 0.99999994 in float32)',
    description,
  )
}

/** Defines a flag that is off by default. On the command line, `--name` turns it on. */
export function boolean(description: string) {
  return argument('boolean', z.boolean().default(false), 'true or false', description)
}

/** Defines a boolean whose default depends on something else; null if it is not given. */
export function optionalBoolean(description: string) {
  return argument('boolean', z.boolean().nullable().default(null), 'true or false', description)
}

export function choice<const T extends readonly string[]>(values: T, value: T[number], description: string) {
  const schema = z.enum(values).default(value as z.output<z.ZodEnum<{ [K in T[number]]: K }>>)
  return argument('choice', schema, `one of ${values.join(', ')}`, description)
}

export function optionalText(description: string) {
  return argument('text', z.string().min(1).nullable().default(null), 'text', description)
}

export function requiredText(value: string, description: string) {
  return argument('text', z.string().min(1).default(value), 'text', description)
}

const isInterval = (steps: number): boolean => steps > 0 && (steps < 1 || Number.isInteger(steps))
const INTERVAL = 'an integer of at least 1, or a share of all steps between 0 and 1'

/** Defines an interval in steps or, below 1, as a fraction of all steps. */
export function interval(value: number, description: string) {
  return argument('number', z.number().refine(isInterval).default(value), INTERVAL, description)
}

export function optionalInterval(description: string) {
  return argument('number', z.number().refine(isInterval).nullable().default(null), INTERVAL, description)
}
