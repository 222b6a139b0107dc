import { type Command, InvalidArgumentError } from 'commander'

/** For options that are a whole number of at least `least`. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value
    throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`)
  }

export function anyNumber(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new InvalidArgumentError('Expected a number.')
}

/** For options that may be given more than once. */
export const listed = (text: string, before: readonly string[] = []): string[] => [...before, text]

export interface OverwriteFlag {
  readonly overwrite?: boolean
}

export const withOverwriteFlag = (command: Command): Command =>
  command.option('--overwrite', 'replace output files that exist (files that are read are never replaced)')

export interface WindowFlags {
  readonly max_seq_length?: number
  readonly doc_stride?: number
}

/** How contexts are cut: the same flags and defaults in every command. */
export const withWindowFlags = (command: Command): Command =>
  command
    .option(
      '--max_seq_length <integer>',
      'longest window in tokens (default: as stored with the model, or else at most 384)',
      wholeNumber(1),
    )
    .option(
      '--doc_stride <integer>',
      'context tokens that neighbouring windows share (default: as stored, or else at most 128)',
      wholeNumber(0),
    )
