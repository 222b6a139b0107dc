/**
 * Splits a text into words like GPT-2 and all byte-level tokenizers with `use_regex`. The words are the matches of
 * `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
 */
import { isNewCharacter } from '../characters/unicode.ts'

const LETTER = 1
const NUMBER = 2
const SPACE = 3
const OTHER = 4

const APOSTROPHE = 0x27
const BLANK = 0x20

const classes = new Map<number, number>()
const ASCII_CLASSES = Uint8Array.from({ length: 128 }, (_, code) => findClass(code))

function findClass(codePoint: number): number {
  if (isNewCharacter(codePoint)) return OTHER
  const character = String.fromCodePoint(codePoint)
  if (/\p{L}/u.test(character)) return LETTER
  if (/\p{N}/u.test(character)) return NUMBER
  return /\p{White_Space}/u.test(character) ? SPACE : OTHER
}

function classOf(codePoint: number): number {
  if (codePoint < 128) return ASCII_CLASSES[codePoint]
  let found = classes.get(codePoint)
  if (found === undefined) {
    found = findClass(codePoint)
    classes.set(codePoint, found)
  }
  return found
}

/** Calls `visit` with the range of each word of `[from, to)` of a text. */
export function forEachGpt2Word(
  text: string,
  from: number,
  to: number,
  visit: (start: number, end: number) => void,
): void {
  for (let start = from; start < to; ) {
    const end = wordEnd(text, start, to)
    visit(start, end)
    start = end
  }
}

function wordEnd(text: string, start: number, to: number): number {
  const first = text.charCodeAt(start)
  const contraction = first === APOSTROPHE ? contractionLength(text, start + 1, to) : 0
  if (contraction > 0) return start + 1 + contraction
  const letters = first === BLANK && start + 1 < to ? start + 1 : start
  const found = classOf(text.codePointAt(letters)!)
  if (found !== SPACE) return runEnd(text, letters, to, found)
  const end = runEnd(text, start, to, SPACE)
  // The last character of whitespace goes to the word after it.
  return end === to || end - start === 1 ? end : end - 1
}

/** Returns the end of a run of characters of one class. */
function runEnd(text: string, from: number, to: number, wanted: number): number {
  let at = from
  while (at < to) {
    const codePoint = text.codePointAt(at)!
    if (classOf(codePoint) !== wanted) break
    at += codePoint > 0xffff ? 2 : 1
  }
  return Math.min(at, to)
}

function contractionLength(text: string, from: number, to: number): number {
  const left = to - from
  if (left >= 1 && 'stmd'.includes(text[from])) return 1
  return left >= 2 && ['re', 've', 'll'].includes(text.slice(from, from + 2)) ? 2 : 0
}
