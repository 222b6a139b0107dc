import { SpanforgeError } from '../../errors.ts'
import { MAX_VOCABULARY } from '../settings.ts'

/** The tokens of a vocab.txt: one a line, the id is the line's number from 0; spaces belong to the token. */
export function readVocabText(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/, MAX_VOCABULARY + 2)
  if (lines[lines.length - 1] === '') lines.pop()
  if (lines.length > MAX_VOCABULARY)
    throw new SpanforgeError(
      `vocab.txt: found more than ${MAX_VOCABULARY.toLocaleString('en-US')} lines, expected one for each token`,
      { remedy: 'Download vocab.txt again.' },
    )
  return lines
}

/** vocab.txt; an id that no token has is an empty line. */
export const toVocabText = (vocab: readonly (string | null)[]): string =>
  vocab.map((token) => `${token ?? ''}\n`).join('')

/** Whether vocab.txt can hold these tokens: a line break would begin another token. */
export const fitsLines = (vocab: readonly (string | null)[]): boolean =>
  vocab.every((token) => token === null || !/[\r\n]/.test(token))
