import { isPunctuation, isWhitespace } from './unicode.ts'

const LETTER = 0
const SPACE = 1
const PUNCTUATION = 2

const classes = new Map<number, number>()

function classOf(codePoint: number): number {
  let found = classes.get(codePoint)
  if (found === undefined) {
    found = isWhitespace(codePoint) ? SPACE : isPunctuation(codePoint) ? PUNCTUATION : LETTER
    classes.set(codePoint, found)
  }
  return found
}

/**
 * Words of a normalized text, as `BertPreTokenizer`: split at white space, every punctuation character by itself.
 * `visit` is given the UTF-16 range of each.
 */
export function forEachWord(text: string, from: number, to: number, visit: (start: number, end: number) => void): void {
  let start = from
  for (let i = from; i < to; ) {
    const codePoint = text.codePointAt(i)!
    const next = i + (codePoint > 0xffff ? 2 : 1)
    const kind = classOf(codePoint)
    if (kind !== LETTER) {
      if (i > start) visit(start, i)
      if (kind === PUNCTUATION) visit(i, next)
      start = next
    }
    i = next
  }
  if (to > start) visit(start, to)
}
