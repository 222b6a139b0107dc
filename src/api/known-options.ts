import { UsageError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import { nearest } from '../training/nearest.ts'

/** The names of all options there are, for callers in JavaScript, whom no types tell. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>

/**
 * A misspelt option would otherwise be left out without a word.
 * @throws UsageError for options that are no object, or one of another name
 */
export function refuseUnknown(place: string, options: unknown, known: Readonly<Record<string, true>>): void {
  if (options === undefined) return
  const all = `The options are ${Object.keys(known).join(', ')}.`
  if (typeof options !== 'object' || options === null)
    throw new UsageError(`${place}: found ${showValue(options)}, expected an object of options`, all)
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name))
  if (unknown === undefined) return
  const near = nearest(unknown, Object.keys(known))
  throw new UsageError(`${place}: there is no option ${unknown}${near ? `; did you mean ${near}?` : ''}`, all)
}
