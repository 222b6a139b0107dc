const OTHER = 0
const LETTER = 1
const SPACE = 2
const PUNCTUATION = 3

/** Classes of the ASCII characters as BERT's normalizer and pre-tokenizer together treat them. */
const CLASSES = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d) return SPACE
  if (code < 0x20 || code === 0x7f) return OTHER
  return /[A-Za-z0-9]/.test(String.fromCharCode(code)) ? LETTER : PUNCTUATION
})

const classAt = (text: string, index: number): number => {
  const code = text.charCodeAt(index)
  return code < 128 ? CLASSES[code] : OTHER
}

/**
 * Stretches of text between plain whitespace. No normalization reaches over a space, so each can be treated for
 * itself; `plain` ones consist of printable ASCII, where normalization is lower case at most.
 */
export function forEachStretch(
  text: string,
  from: number,
  to: number,
  visit: (start: number, end: number, plain: boolean) => void,
): void {
  let start = from
  let plain = true
  for (let i = from; i < to; i++) {
    const found = classAt(text, i)
    if (found === OTHER) plain = false
    if (found !== SPACE) continue
    if (i > start) visit(start, i, plain)
    start = i + 1
    plain = true
  }
  if (to > start) visit(start, to, plain)
}

/** Words of a plain stretch; every punctuation character is one by itself. */
export function forEachAsciiWord(
  text: string,
  from: number,
  to: number,
  visit: (start: number, end: number) => void,
): void {
  let start = from
  for (let i = from; i < to; i++) {
    if (classAt(text, i) !== PUNCTUATION) continue
    if (i > start) visit(start, i)
    visit(i, i + 1)
    start = i + 1
  }
  if (to > start) visit(start, to)
}
