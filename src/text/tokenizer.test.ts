import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fixture, fixtureJson } from '../../tests/fixture.ts'
import { tokenizerFromVocab } from './reading/tokenizer-files.ts'
import { BertTokenizer } from './tokenizer.ts'

interface Recorded {
  input_ids: number[]
  tokens: string[]
  offsets_code_points: number[][]
  offsets_utf16: number[][]
  word_ids: (number | null)[]
  decoded: string
}
type Variant = 'uncased' | 'cased' | 'uncased_keep_accents' | 'cased_strip_accents' | 'uncased_no_cjk'
interface Singles {
  variants: Record<Variant, object>
  texts: ({ text: string } & Record<Variant, Recorded>)[]
}

const vocabText = readFileSync(fixture('tokenizer/vocab.txt'), 'utf8')
const { vocab } = tokenizerFromVocab(vocabText).settings
const singles = fixtureJson<Singles>('tokenizer/singles.json')

/** Everything that transformers records of a text, [CLS] and [SEP] included. */
function record(tokenizer: BertTokenizer, text: string): Recorded {
  const { ids, offsets, wordIds } = tokenizer.encode(text)
  const input_ids = [...tokenizer.withSpecialTokens(ids)]
  const inner = Array.from(ids, (_, i) => [offsets[2 * i], offsets[2 * i + 1]])
  const codePoints = (index: number) => [...text.slice(0, index)].length
  return {
    input_ids,
    tokens: tokenizer.tokens(input_ids),
    offsets_code_points: [[0, 0], ...inner.map((pair) => pair.map(codePoints)), [0, 0]],
    offsets_utf16: [[0, 0], ...inner, [0, 0]],
    word_ids: [null, ...wordIds, null],
    decoded: tokenizer.decode(input_ids, { skip_special_tokens: true }),
  }
}

describe('BertTokenizer', () => {
  for (const [variant, options] of Object.entries(singles.variants)) {
    it(`gives ids, tokens, offsets, words and decoded text of BertTokenizerFast: ${variant}`, () => {
      // The first was recorded from tokenizer.json, the others from vocab.txt: `decode` cleans up by another default.
      const tokenizer = variant === 'uncased' ? new BertTokenizer({ vocab }) : tokenizerFromVocab(vocabText, options)
      for (const { text, [variant as Variant]: expected } of singles.texts)
        expect({ text, ...record(tokenizer, text) }).toEqual({ text, ...expected })
    })
  }

  it('encodes in steps of any length what it encodes at once', () => {
    const added_tokens = [{ id: 30522, content: 'two words', single_word: false, lstrip: false, rstrip: false }]
    const texts = [
      ...singles.texts.map(({ text }) => text),
      singles.texts.map(({ text }) => text).join(' '),
      singles.texts.map(({ text }) => text).join(''),
      `[SEP]${'[MASK] a'.repeat(100)}two words${'x'.repeat(500)}`,
    ]
    const tokenizers = [
      ...Object.values(singles.variants).map((options) => tokenizerFromVocab(vocabText, options)),
      ...[true, false].map(
        (normalized) =>
          new BertTokenizer({
            vocab,
            added_tokens: added_tokens.map((one) => ({ ...one, normalized, special: false })),
          }),
      ),
    ]
    for (const tokenizer of tokenizers)
      for (const text of texts)
        for (const characters of [1, 7, 100]) {
          const steps = tokenizer.encodeSteps(text, characters)
          let step = steps.next()
          // Others may encode between two steps.
          for (; !step.done; step = steps.next()) tokenizer.encode('in between')
          expect(step.value).toEqual(tokenizer.encode(text))
        }
  })

  it('takes steps of about the given number of characters', () => {
    const tokenizer = new BertTokenizer({ vocab })
    const count = (text: string) => [...tokenizer.encodeSteps(text, 1000)].length
    for (const text of ['some words and '.repeat(1000), '漢字'.repeat(7500), 'и.'.repeat(7500), '[MASK]'.repeat(2500)])
      expect(Math.abs(count(text) - 15)).toBeLessThanOrEqual(1)
  })

  it('knows the ids of its special tokens', () => {
    const tokenizer = new BertTokenizer({ vocab })
    const { pad_token_id, unk_token_id, cls_token_id, sep_token_id, mask_token_id, vocab_size, size } = tokenizer
    expect([pad_token_id, unk_token_id, cls_token_id, sep_token_id, mask_token_id]).toEqual([0, 100, 101, 102, 103])
    expect([vocab_size, size]).toEqual([30522, 30522])
  })

  it('tokenizes to texts, and says what it decodes', () => {
    const tokenizer = new BertTokenizer({ vocab })
    expect(tokenizer.tokenize('Unaffordable, so.')).toEqual(['una', '##ff', '##ord', '##able', ',', 'so', '.'])
    expect(() => tokenizer.decode(undefined as never)).toThrow(
      /ids is undefined, expected a list of token ids\n {2}For example: decode/,
    )
  })

  it('rejects an empty vocabulary and one without [UNK], with what to do', () => {
    expect(() => new BertTokenizer({ vocab: [] })).toThrow(/vocabulary is empty\n.*Download/)
    expect(() => new BertTokenizer({ vocab: ['a', '[SEP]'] })).toThrow(/2 tokens has no unk_token "\[UNK\]"\n/)
  })
})
