import { InvalidArgumentError } from 'commander'

/** Parser for options that are integers of at least `min`. */
export const integerFrom =
  (min: number) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= min) return value
    throw new InvalidArgumentError(`Expected an integer of at least ${min}.`)
  }

export function anyNumber(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new InvalidArgumentError('Expected a number.')
}

/** Parser for options that are numbers of at least `min`. */
export const numberFrom =
  (min: number) =>
  (text: string): number => {
    const value = anyNumber(text)
    if (value >= min) return value
    throw new InvalidArgumentError(`Expected a number of at least ${min}.`)
  }

/** Parser for options that are shares of a whole, which is never all of it. */
export function shareOf(text: string): number {
  const value = anyNumber(text)
  if (value >= 0 && value < 1) return value
  throw new InvalidArgumentError('Expected a number from 0 to below 1.')
}

/** Parser for options that are names separated by commas. */
export const listOf = (text: string): string[] => text.split(',').map((name) => name.trim())

/** Collects the values of an option that can be repeated. */
export const listed = (text: string, before: readonly string[] = []): string[] => [...before, text]
