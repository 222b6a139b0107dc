/**
 * Character classes of the `tokenizers` library (0.22, Rust). The library uses the categories of Unicode 8, and
 * JavaScript engines use newer ones, so this file lists the code points whose class has changed. Every code point has
 * been compared with the library.
 */

/**
 * Unassigned in Unicode 8, or without a relevant class there. They are treated as letters, regardless of newer tables.
 */
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

/** Marks in `UNKNOWN` that normal forms reorder, because their tables are those of Unicode 9. */
const ORDERED_MARKS = codePoints(`
  8d4-8e1 1dfb 11442 11446 11c3f 1e000-1e006 1e008-1e018 1e01b-1e021 1e023-1e024 1e026-1e02a 1e944-1e94a`)

/** Marks that normal forms do not reorder, because Unicode 9 does not classify them as such marks. */
const UNORDERED_MARKS = codePoints('1715 113cf 1193d 11f41 16ff0-16ff1')

/** Characters that got a compatibility decomposition after Unicode 9. */
const COMPATIBLE_SINCE = codePoints(`
  32ff a7f1-a7f4 ab69 10781-107ba 1ccd6-1ccf9 1e030-1e06d 1f16c 1fbf0-1fbf9`)

/** Marks of Unicode 9 that are letters today, and marks that were added later. */
const ONCE_MARKS = codePoints('1cf2-1cf3')
const MARKS_SINCE = codePoints(`
  7fd 897-89f 8ca-8d3 9fe afa-aff b55 c04 c3c cf3 d00 d3b-d3c d81 eba ece 1715 180f 1abf-1add 1ae0-1aeb 1cf7 1df6-1dfa
  a82c a8ff 10d24-10d27 10d69-10d6d 10eab-10eac 10efa-10eff 10f46-10f50 10f82-10f85 11070 11073-11074 110c2
  11145-11146 111c9 111ce-111cf 11241 1133b 113b8-113c0 113c2 113c5 113c7-113ca 113cc-113d0 113d2 113e1-113e2 1145e
  1182c-1183a 11930-11935 11937-11938 1193b-1193e 11940 11942-11943 119d1-119d7 119da-119e0 119e4 11a01-11a0a
  11a33-11a39 11a3b-11a3e 11a47 11a51-11a5b 11a8a-11a99 11b60-11b67 11d31-11d36 11d3a 11d3c-11d3d 11d3f-11d45 11d47
  11d8a-11d8e 11d90-11d91 11d93-11d97 11ef3-11ef6 11f00-11f01 11f03 11f34-11f3a 11f3e-11f42 11f5a 13440 13447-13455
  1611e-1612f 16f4f 16f7f-16f87 16fe4 16ff0-16ff1 1cf00-1cf2d 1cf30-1cf46 1e08f 1e130-1e136 1e2ae 1e2ec-1e2ef
  1e4ec-1e4ef 1e5ee-1e5ef 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5`)

/** Punctuation in Unicode 8 that is a symbol or a mark today. */
const ONCE_PUNCTUATION = codePoints('166d 111c9')

/** Nonspacing marks in Unicode 8 that are spacing marks today. */
const ONCE_NONSPACING = codePoints('1734 1171e')

/** Code points assigned in Unicode 17, which the regular expressions of the tokenizers library do not know. */
const NEW = codePoints(`
  88f c5c cdc 1acf-1add 1ae0-1aeb 20c1 2b96 a7ce-a7cf a7d2 a7d4 a7f1 fbc3-fbd2 fd90-fd91 fdc8-fdce 10940-10959
  10ec5-10ec7 10ed0-10ed8 10efa-10efb 11b60-11b67 11db0-11ddb 11de0-11de9 16ea0-16eb8 16ebb-16ed3 16ff2-16ff6
  187f8-187ff 18d09-18d1e 18d80-18df2 1ccfa-1ccfc 1ceba-1ced0 1cee0-1cef0 1e6c0-1e6de 1e6e0-1e6f5 1e6fe-1e6ff 1f6d8
  1f777-1f77a 1f8d0-1f8d8 1fa54-1fa57 1fa8a 1fa8e 1fac8 1facd 1faea 1faef 1fbfa 2b73a-2b73f 2cea2-2cead 323b0-33479`)

export const isNewCharacter = (codePoint: number): boolean => NEW.has(codePoint)

/** Matches all characters that may be in `NEW`. */
const MAYBE_NEW = /[^\p{ASCII}]/gu

/** Replaces characters that are too new for the library's tables by noncharacters of the same length. */
export const withoutNewCharacters = (text: string): string =>
  text.replace(MAYBE_NEW, (character) =>
    NEW.has(character.codePointAt(0)!) ? (character.length === 1 ? '\uffff' : '\u{1ffff}') : character,
  )

/** The blocks of unified ideographs that BERT's original tokenizer isolates. Its Extension E begins at 2b920. */
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

/**
 * Whether BERT's text cleaning removes a character: controls, formats, private use, lone surrogates, NUL and U+FFFD.
 */
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
  if (UNKNOWN.has(codePoint) || (form === 'NFKD' && COMPATIBLE_SINCE.has(codePoint))) return character
  return character.normalize(form)
}

export const isUnknown = (codePoint: number): boolean => UNKNOWN.has(codePoint)

/** Whether normal forms reorder a mark, which they do only for the marks of Unicode 9. */
export const isOrderedMark = (codePoint: number): boolean =>
  ORDERED_MARKS.has(codePoint) || !(UNKNOWN.has(codePoint) || UNORDERED_MARKS.has(codePoint))

/** Whether a character is a mark in Unicode 9, which `StripAccents` uses. */
export const isMark = (codePoint: number): boolean =>
  ONCE_MARKS.has(codePoint) || (!MARKS_SINCE.has(codePoint) && /\p{M}/u.test(String.fromCodePoint(codePoint)))

/** Whether a character is a number in any script, including fractions and Roman numerals. */
export const isNumeric = (codePoint: number): boolean => /\p{N}/u.test(String.fromCodePoint(codePoint))

/**
 * The characters that \w of Unicode regular expressions (UTS 18) matches in the tokenizers library. Numbers such as ²
 * are not among them.
 */
export const WORD_CHARACTER = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}`
