/**
 * The answer normalization of the official SQuAD scripts, with the exact semantics of Python: lower case, ASCII
 * punctuation and articles removed, whitespace collapsed.
 */

const PUNCTUATION = /[!-/:-@[-`{-~]/g

/** `\b(a|an|the)\b` where a word is made of Python's `\w`: letters, numbers of every kind, `_`; no combining marks. */
const ARTICLE = /(?<![\p{L}\p{N}_])(?:an?|the)(?![\p{L}\p{N}_])/gu

/**
 * Whitespace of Python's `str.split()`: unlike JavaScript's `\s`, includes U+001C to U+001F and U+0085, not U+FEFF.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts these four separators as whitespace.
const WHITE_SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/

/** The words that the metrics compare. Empty for a text that consists of articles and punctuation. */
export function answerTokens(text: string): string[] {
  const plain = text.toLowerCase().replace(PUNCTUATION, '').replace(ARTICLE, ' ')
  return plain.split(WHITE_SPACE).filter((token) => token !== '')
}

export const normalizeAnswer = (text: string): string => answerTokens(text).join(' ')
