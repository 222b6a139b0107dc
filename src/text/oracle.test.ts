import { readFileSync } from 'node:fs'
import tokenizers from '@anush008/tokenizers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { isThorough, itInFull } from '../../tests/thorough.ts'
import { tokenizerFromVocab } from './reading/tokenizer-files.ts'
import { toTokenizerJson } from './reading/tokenizer-json.ts'
import { specialToken } from './special-tokens.ts'
import { BertTokenizer } from './tokenizer.ts'

// The library of transformers' fast tokenizers itself, compiled for Node, reading the very tokenizer.json we write.

const { vocab } = tokenizerFromVocab(readFileSync(fixture('tokenizer/vocab.txt'), 'utf8')).settings
const added = (id: number, content: string, flags: object) => ({
  id,
  ...specialToken(content),
  special: false,
  ...flags,
})
const variants = {
  uncased: {},
  cased: { do_lower_case: false },
  'uncased, accents kept': { strip_accents: false },
  'uncleaned, ideographs not set apart': { clean_text: false, tokenize_chinese_chars: false },
  'with added tokens': {
    added_tokens: [
      added(30522, '[Q]', { lstrip: true }),
      added(30523, 'Foo', { single_word: true }),
      added(30524, 'Bár', { normalized: true }),
      added(30525, '<s>', { rstrip: true, special: true }),
      added(30526, 'foo bar', { normalized: true }),
      added(30527, '[Q][Q]', {}),
    ],
  },
}

// Written as escapes where a character is invisible or combines with the preceding character.
const samples =
  `the un believable ##ing Don't ß é e\u0301 \u0301 北京 豈 😀 👩\u200d👩 [MASK] [SEP] [ ( . ! — _ İ ΣΑΣ 한국 ﬁ ≠ ـ हिन्दी Ångström
  \u0007 \u0085 \u000b \u001c \u00ad \ufeff \ufffd \u0000 \ue000 [Q] [Q][Q] Foo Bár BÁR bar <s> foo`.split(/[ \n]+/)
/** Letters and marks that came with Unicode 17, around which Node's words end and the library's, of Unicode 16, do not. */
const YOUNG =
  /[\u1acf-\u1aeb]|[\u088f\u0c5c\u0cdc\ua7ce-\ua7d4\ua7f1\u{10940}-\u{10959}\u{10ec5}-\u{10efb}\u{11b60}-\u{11b67}\u{11db0}-\u{11de9}\u{16ea0}-\u{16ed3}\u{16ff2}-\u{16ff6}\u{187f8}-\u{187ff}\u{18d09}-\u{18df2}\u{1e6c0}-\u{1e6ff}\u{2b73a}-\u{2b73f}\u{2cea2}-\u{2cead}\u{323b0}-\u{33479}]/u

const text = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...samples, ' ', ' ', '\n', '\t', '\u00a0', '\u3000', 'foo bar') },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) },
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.join(''))
  .filter((text) => !YOUNG.test(text))

/** UTF-16 index of each code point of a text, and of its end. */
function utf16(text: string): number[] {
  const starts = [0]
  for (const character of text) starts.push(starts[starts.length - 1] + character.length)
  return starts
}

const pairs = (offsets: Int32Array) =>
  Array.from({ length: offsets.length / 2 }, (_, i) => [...offsets.slice(2 * i, 2 * i + 2)])

describe('BertTokenizer beside the tokenizers library', () => {
  for (const [name, options] of Object.entries(variants)) {
    const ours = new BertTokenizer({ vocab, ...options })
    const theirs = tokenizers.Tokenizer.fromString(JSON.stringify(toTokenizerJson(ours)))

    it(`agrees on any text: ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(text, async (text) => {
          const expected = await theirs.encode(text, null, { addSpecialTokens: false })
          const { ids, offsets, wordIds } = ours.encode(text)
          const starts = utf16(text)
          expect({ ids: [...ids], offsets: pairs(offsets), words: [...wordIds] }).toEqual({
            ids: expected.getIds(),
            offsets: expected.getOffsets().map((range) => range.map((codePoint) => starts[codePoint])),
            words: expected.getWordIds(),
          })
          expect(ours.decode(ids)).toBe(await theirs.decode([...ids], false))
        }),
        { numRuns: 1000 },
      )
    })
  }

  /** Of private characters and ideographs one is as another, and they are most of all characters. */
  const ALIKE = /[\p{Co}\p{Script=Han}\p{Script=Hangul}]/u

  /** Every character that has a meaning, in texts of 256 made by `around`. */
  const everyCharacter = (around: (character: string) => string): string[] =>
    Array.from({ length: 0x1100 }, (_, block) =>
      Array.from({ length: 0x100 }, (_, i) => String.fromCodePoint(0x100 * block + i))
        .filter((character) => /[^\p{Cn}\p{Cs}]/u.test(character))
        .map(around)
        .filter((text) => text !== '')
        .join(' '),
    ).filter((block) => block !== '')

  it('treats every character that has a meaning as the library does', async () => {
    const ours = new BertTokenizer({ vocab: [...vocab.slice(0, 104), 'a', 'b', '##b'] })
    const theirs = tokenizers.Tokenizer.fromString(JSON.stringify(toTokenizerJson(ours)))
    // Dropped gives "ab", whitespace "a b", a letter or mark "aXb", punctuation and ideographs "a X b".
    const around = (character: string) => (isThorough || !ALIKE.test(character) ? `a${character}b` : '')
    for (const block of everyCharacter(around)) {
      const expected = await theirs.encode(block, null, { addSpecialTokens: false })
      const { ids, wordIds } = ours.encode(block)
      expect({ block, ids: [...ids], words: [...wordIds] }).toEqual({
        block,
        ids: expected.getIds(),
        words: expected.getWordIds(),
      })
    }
  })

  itInFull('finds a word among the added tokens beside the same characters as the library does', async () => {
    const ours = new BertTokenizer({
      vocab: vocab.slice(0, 104),
      added_tokens: [added(104, 'Foo', { single_word: true })],
    })
    const theirs = tokenizers.Tokenizer.fromString(JSON.stringify(toTokenizerJson(ours)))
    const around = (character: string) =>
      YOUNG.test(character) || ALIKE.test(character) ? '' : `${character}Foo Foo${character}`
    for (const block of everyCharacter(around)) {
      const expected = await theirs.encode(block, null, { addSpecialTokens: false })
      expect({ block, ids: [...ours.encode(block).ids] }).toEqual({ block, ids: expected.getIds() })
    }
  })
})

describe('Offsets', () => {
  it('slice the text as it was given: in order, never empty, never through a character', () => {
    const tokenizer = new BertTokenizer({ vocab })
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), (text) => {
        const { offsets } = tokenizer.encode(text)
        const boundaries = new Set(utf16(text))
        let before = 0
        for (const [start, end] of pairs(offsets)) {
          expect(start).toBeGreaterThanOrEqual(before)
          expect(end).toBeGreaterThan(start)
          expect(boundaries.has(start) && boundaries.has(end)).toBe(true)
          before = start
        }
        expect(before).toBeLessThanOrEqual(text.length)
      }),
    )
  })
})
