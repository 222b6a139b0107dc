const OTHER = 0
const LETTER = 1
const SPACE = 2
const PUNCTUATION = 3

/** How BERT's normalizer and pre-tokenizer together classify ASCII characters. */
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
 * Visits the stretches of a text between ASCII whitespace. No normalization crosses a space, so each stretch can be
 * processed independently. `plain` stretches are printable ASCII, for which normalization at most changes the case.
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

/** Visits the words of a plain stretch. Each punctuation character is a separate word. */
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
