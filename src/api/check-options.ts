import { z } from 'zod'
import { UsageError } from '../errors.ts'
import { rejectUnknown } from '../known-options.ts'
import { showList, showValue } from '../show-value.ts'

/** A schema for each option of a type. The compiler rejects missing and additional schemas. */
export type SchemasOf<Options> = { readonly [K in keyof Options]-?: z.ZodType<Options[K]> }

/** A schema for an object of a class or interface, without checking its contents. */
export const anObject = <T>(expected: string) =>
  z.custom<T>((value) => typeof value === 'object' && value !== null, expected)

/**
 * Validates options at run time, for callers in JavaScript.
 * @throws UsageError if `options` is not an object, or has an unknown option or an invalid value
 */
export function checkOptions(place: string, schema: z.ZodObject, options: unknown): void {
  rejectUnknown(place, options, schema.shape)
  const [issue] = schema.safeParse(options ?? {}).error?.issues ?? []
  if (issue === undefined) return
  const name = String(issue.path[0])
  const value = (options as Readonly<Record<string, unknown>> | undefined)?.[name]
  throw new UsageError(`${place}: ${name} is ${showValue(value)}, expected ${expectation(issue)}`)
}

/** Describes the expected value, such as "an integer of at least 1". */
function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return issue.inclusive ? `an integer of at least ${issue.minimum}` : `a number above ${issue.minimum}`
    case 'invalid_type':
      return KINDS[issue.expected] ?? issue.expected
    case 'invalid_value':
      return `one of ${showList(issue.values.map(String))}`
    default:
      return issue.message
  }
}

const KINDS: Readonly<Record<string, string>> = {
  nonoptional: 'a value',
  int: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  string: 'a string',
  array: 'an array',
}
