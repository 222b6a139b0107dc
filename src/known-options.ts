import { nearestName } from './edit-distance.ts'
import { UsageError } from './errors.ts'
import { showValue } from './show-value.ts'

/** The names of all options, for JavaScript callers without type checks. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>

/**
 * Rejects misspelled options, which would otherwise be ignored.
 * @throws UsageError if `options` is not an object, or has an option that is not in `known`
 */
export function refuseUnknown(place: string, options: unknown, known: Readonly<Record<string, unknown>>): void {
  if (options === undefined) return
  const all = `Available options: ${Object.keys(known).join(', ')}.`
  if (typeof options !== 'object' || options === null)
    throw new UsageError(`${place}: found ${showValue(options)}, expected an object of options`, all)
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name))
  if (unknown === undefined) return
  const near = nearestName(unknown, Object.keys(known))
  throw new UsageError(`${place}: unknown option ${unknown}${near ? `; did you mean ${near}?` : ''}`, all)
}
