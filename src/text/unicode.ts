/**
 * Character classes as the `tokenizers` library (0.22, Rust) sees them. Its tables of categories are those of
 * Unicode 8, a JavaScript engine's are newer, so the code points whose class has changed since are listed here. Checked
 * for every code point against the library.
 */

/** Not in Unicode 8, or of no class that matters then: plain letters, whatever an engine's newer tables say. */
const UNKNOWN = codePoints(`
  61d 7fd 890-89f 8ca-8e2 9fd-9fe a76 afa-aff b55 c04 c3c c77 c84 d00 d3b-d3c d81 eba ece 180f 1885-1886 1abf-1aeb
  1b4e-1b4f 1b7d-1b7f 1df6-1dfb 2e43-2e4f 2e52-2e5d a82c a8c5 a8ff a9bd 105c9 105e4 10d24-10d27 10d69-10d6e
  10eab-10ead 10ed0 10efa-10eff 10f46-10f50 10f55-10f59 10f82-10f89 11070 11073-11074 110c2-110cd 111c9 111cf
  1123e 11241 1133b 11383 11385 1138e 11391 113bb-113c0 113c5-113c8 113ce 113d0 113d2 113d4-113e2 11438-1143f
  11442-11444 11446 1144b-1144f 1145a-1145e 11660-1166c 116b9 1182f-11837 11839-1183b 11938-1193c 1193e
  11943-11946 119d4-119db 119e0 119e2 11a01-11a0a 11a33-11a38 11a3b-11a47 11a51-11a56 11a59-11a5b 11a8a-11a96
  11a98-11a9c 11a9e-11aa2 11b00-11b60 11b62-11b64 11b66 11be1 11c30-11c3d 11c3f 11c41-11c45 11c70-11c71
  11c92-11ca7 11caa-11cb0 11cb2-11cb3 11cb5-11cb6 11d31-11d45 11d47 11d90-11d91 11d95 11d97 11ef3-11ef4
  11ef7-11f01 11f36-11f3a 11f40 11f42-11f4f 11f5a 11fff 12ff1-12ff2 13430-13440 13447-13455 1611e-16129
  1612d-1612f 16d68-16d6a 16d6d-16d6f 16e97-16e9a 16f4f 16fe2 16fe4 1cf00-1cf46 1e000-1e02a 1e08f 1e130-1e136
  1e2ae 1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e5ff 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5 1e944-1e94a 1e95e-1e95f`)

/** Punctuation in Unicode 8, a symbol or a mark today. */
const ONCE_PUNCTUATION = codePoints('166d 111c9')

/** Nonspacing marks in Unicode 8, spacing marks today. */
const ONCE_NONSPACING = codePoints('1734 1171e')

/** Unified ideographs: the blocks that BERT's own tokenizer isolates (Extension E begins at 2b920 there). */
const CJK = [0x4e00, 0x9fff, 0x3400, 0x4dbf, 0x20000, 0x2a6df, 0x2a700, 0x2b73f, 0x2b740, 0x2b81f, 0x2b920, 0x2ceaf]
const CJK_COMPATIBILITY = [0xf900, 0xfaff, 0x2f800, 0x2fa1f]

function codePoints(ranges: string): ReadonlySet<number> {
  const set = new Set<number>()
  for (const range of ranges.trim().split(/\s+/)) {
    const [first, last = first] = range.split('-').map((hex) => Number.parseInt(hex, 16))
    for (let codePoint = first; codePoint <= last; codePoint++) set.add(codePoint)
  }
  return set
}

const within = (codePoint: number, bounds: readonly number[]): boolean => {
  for (let i = 0; i < bounds.length; i += 2) if (codePoint >= bounds[i] && codePoint <= bounds[i + 1]) return true
  return false
}

const is = (codePoint: number, category: RegExp): boolean =>
  !UNKNOWN.has(codePoint) && category.test(String.fromCodePoint(codePoint))

export const isWhitespace = (codePoint: number): boolean => is(codePoint, /\p{White_Space}/u)

/** What BERT's text cleaning drops: controls, formats, private use, lone surrogates, NUL and U+FFFD. */
export const isDropped = (codePoint: number): boolean =>
  codePoint === 0xfffd || is(codePoint, /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u)

/** Punctuation, and every ASCII symbol. */
export const isPunctuation = (codePoint: number): boolean =>
  ONCE_PUNCTUATION.has(codePoint) || is(codePoint, /[\p{P}!-/:-@[-`{-~]/u)

export const isNonspacingMark = (codePoint: number): boolean =>
  ONCE_NONSPACING.has(codePoint) || is(codePoint, /\p{Mn}/u)

export const isChinese = (codePoint: number): boolean => within(codePoint, CJK) || within(codePoint, CJK_COMPATIBILITY)

/** Canonical (NFD) or compatibility (NFKD) decomposition of one character. */
export const decompose = (codePoint: number, form: 'NFD' | 'NFKD' = 'NFD'): string => {
  const character = String.fromCodePoint(codePoint)
  return UNKNOWN.has(codePoint) ? character : character.normalize(form)
}

export const isUnknown = (codePoint: number): boolean => UNKNOWN.has(codePoint)

export const isMark = (codePoint: number): boolean => is(codePoint, /\p{M}/u)

/** A number in any script, fractions and Roman numerals included. */
export const isNumeric = (codePoint: number): boolean => /\p{N}/u.test(String.fromCodePoint(codePoint))

/** \w of Unicode's regular expressions (UTS 18), as the tokenizers library has it: numbers such as ² are none of it. */
export const WORD_CHARACTER = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}`
