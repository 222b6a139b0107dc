import { type Command, InvalidArgumentError } from 'commander'

/** Parser for options that are integers of at least `least`. */
export const integerFrom =
  (least: number) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value
    throw new InvalidArgumentError(`Expected an integer of at least ${least}.`)
  }

export function anyNumber(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new InvalidArgumentError('Expected a number.')
}

/** Parser for options that are numbers of at least `least`. */
export const numberFrom =
  (least: number) =>
  (text: string): number => {
    const value = anyNumber(text)
    if (value >= least) return value
    throw new InvalidArgumentError(`Expected a number of at least ${least}.`)
  }

/** Parser for options that are names separated by commas. */
export const listOf = (text: string): string[] => text.split(',').map((name) => name.trim())

/** Collects the values of an option that can be repeated. */
export const listed = (text: string, before: readonly string[] = []): string[] => [...before, text]

export interface OverwriteFlag {
  readonly overwrite?: boolean
}

export const withOverwriteFlag = (command: Command): Command =>
  command.option('--overwrite', 'replace existing output files (input files are never replaced)')

export interface WindowFlags {
  readonly max_seq_length?: number
  readonly doc_stride?: number
}

/** Adds the window flags, which are the same in every command. */
export const withWindowFlags = (command: Command): Command =>
  command
    .option(
      '--max_seq_length <integer>',
      'window length in tokens (default: stored with the model, or at most 384)',
      integerFrom(1),
    )
    .option(
      '--doc_stride <integer>',
      'overlap of neighboring windows in tokens (default: stored with the model, or at most 128)',
      integerFrom(0),
    )
