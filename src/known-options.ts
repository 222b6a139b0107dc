import { UsageError } from './errors.ts'
import { showValue } from './show-value.ts'

/** The names of all options, for JavaScript callers without type checks. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>

/**
 * Rejects misspelled options, which would otherwise be ignored.
 * @throws UsageError if `options` is not an object, or has an option that is not in `known`
 */
export function rejectUnknown(place: string, options: unknown, known: Readonly<Record<string, unknown>>): void {
  if (options === undefined) return
  const all = `Available options: ${Object.keys(known).join(', ')}.`
  if (typeof options !== 'object' || options === null)
    throw new UsageError(`${place}: found ${showValue(options)}, expected an object of options`, all)
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name))
  if (unknown === undefined) return
  const near = nearestName(unknown, Object.keys(known))
  throw new UsageError(`${place}: unknown option ${unknown}${near ? `; did you mean ${near}?` : ''}`, all)
}

/**
 * Levenshtein distance (1966): the minimum number of insertions, deletions and replacements of one letter that turn `a`
 * into `b`.
 */
export function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replace = above[column - 1] + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(replace, above[column] + 1, current[column - 1] + 1))
    }
    above = current
  }
  return above[b.length]
}

/** Returns the most similar name, if at most a third of the letters differ. */
export function nearestName(misspelled: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let fewest = Math.floor(misspelled.length / 3) + 1
  for (const name of names) {
    const edits = editDistance(letters(misspelled), letters(name))
    if (edits < fewest) [best, fewest] = [name, edits]
  }
  return best
}

/** Ignores case and separators, so that learningRate, learning-rate and learning_rate are equal. */
const letters = (name: string): string => name.replace(/[-_]/g, '').toLowerCase()
