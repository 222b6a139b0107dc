/** Marks words of a passage with the keyboard. */
import type { TextSpan } from '../../../src/squad/types.ts'
import { moved, wordAfter, wordBefore } from '../../shared/marking.ts'

type Key = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'altKey'>

/** Matches the end of a sentence or a line, including the whitespace after it. */
const BOUNDARY = /[.!?…。！？]["'”’)\]]*\s+|\n\s*/g

/**
 * The mark after a key press: the left and right arrow keys move it by a word and extend it with Shift, the others move
 * it to the next or previous sentence, or to the first or last word. Undefined for other keys.
 */
export function markAfter(text: string, mark: TextSpan | undefined, event: Key): TextSpan | undefined {
  switch (event.key) {
    case 'ArrowLeft':
    case 'ArrowRight':
      return mark ? moved(text, mark, event) : wordAfter(text, 0)
    case 'ArrowDown':
      return wordAfter(text, sentencesOf(text).find((start) => start > (mark?.start ?? -1)) ?? mark?.start ?? 0)
    case 'ArrowUp':
      return wordAfter(text, sentencesOf(text).findLast((start) => start < (mark?.start ?? 0)) ?? 0)
    case 'Home':
      return wordAfter(text, 0)
    case 'End':
      return wordBefore(text, text.length)
    default:
      return undefined
  }
}

/** The start positions of the sentences and lines of a text. */
const sentencesOf = (text: string): number[] => [
  0,
  ...[...text.matchAll(BOUNDARY)]
    .map(({ index, 0: boundary }) => index + boundary.length)
    .filter((start) => start < text.length),
]
