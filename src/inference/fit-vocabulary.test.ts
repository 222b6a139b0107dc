import { expect, test } from 'vitest'
import { geometryOf, parseConfig } from '../models/registry.ts'
import { tokenizerFromVocab } from '../text/index.ts'
import { fitVocabulary } from './pretrained.ts'

const VOCAB = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'a']
const geometry = (vocab_size: number) => geometryOf(parseConfig({ vocab_size }, 'config.json'))

test('omits the [MASK] that transformers adds if the model has no embedding for it', () => {
  const tokenizer = tokenizerFromVocab(VOCAB.join('\n'))
  expect([...tokenizer.encode('a [MASK]').ids]).toEqual([4, 5])
  const fitting = fitVocabulary('folder', tokenizer, geometry(5))
  expect([fitting.mask_token_id, fitting.size]).toEqual([undefined, 5])
  expect([...fitting.encode('a [MASK]').ids]).toEqual([4, 1, 1, 1])
  expect(fitVocabulary('folder', tokenizer, geometry(6))).toBe(tokenizer)
})

test('rejects other tokens, including window separators, without an embedding', () => {
  const words = tokenizerFromVocab([...VOCAB, 'b', 'c'].join('\n'))
  expect(() => fitVocabulary('folder', words, geometry(5))).toThrow('the tokenizer has 7 tokens')
  const withoutSeparator = tokenizerFromVocab(VOCAB.filter((token) => token !== '[SEP]').join('\n'))
  expect(() => fitVocabulary('folder', withoutSeparator, geometry(4))).toThrow('is 4')
})

test('rejects token types that the model does not support', () => {
  const vocab = ['<unk>', '<sep>', '<pad>', '<cls>', '<mask>', '<s>', '</s>'].join('\n')
  const funnel = tokenizerFromVocab(vocab, { tokenizer_class: 'FunnelTokenizer' })
  expect(() => fitVocabulary('folder', funnel, geometry(7))).toThrow('uses token type 2, but')
})
