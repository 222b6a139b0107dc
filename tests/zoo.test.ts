import { expect, it } from 'vitest'
import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import type { Tokenizer } from '../src/text/index.ts'
import { describeShared } from './shared.ts'
import { callPair, canAnswer, readPair, readText } from './tokenizer-record.ts'
import { unpackZoo, type ZooRecord, zooFolders, zooRecord } from './zoo.ts'

/** Folders whose tokenizers spanforge does not support, and the expected errors. */
const REFUSED: Record<string, RegExp> = {
  'x-IT-Engineer-K--mood-moriage-ja':
    /the tokenizer of this folder is BertJapaneseTokenizer, which cuts words with MeCab/,
  'x-galoisjung--kobert': /tokenizer.json does not describe a tokenizer: it has no "model"/,
  'x-thethanh02--VNese-phobert': /the tokenizer of this folder is PhobertTokenizer, which merges pairs from bpe.codes/,
}

describeShared('Tokenizers of real model folders', () => {
  for (const name of zooFolders()) {
    const expected = REFUSED[name]
    if (expected)
      it(`rejects ${name}`, async () => {
        const error = await loadTokenizer(unpackZoo(name)).catch((error) => error)
        expect(error.message).toMatch(expected)
        expect(error.message.split('\n')).toHaveLength(2)
      })
    else
      it(`reads ${name} like Python`, async () => {
        const tokenizer = await loadTokenizer(unpackZoo(name))
        const record = zooRecord(name)
        compareFacts(tokenizer, record)
        compareTexts(tokenizer, record)
        compareWindows(tokenizer, record)
      })
  }
})

function compareFacts(tokenizer: Tokenizer, { class: reader, ...record }: ZooRecord): void {
  const { length, vocab_size, model_max_length, settings } = tokenizer
  expect({ length, vocab_size }).toEqual({ length: record.length, vocab_size: record.vocab_size })
  // Folders that no class of transformers can read were read by the tokenizers library, which ignores settings.
  if (reader === 'Tokenizer') return
  expect(Number.isFinite(model_max_length) ? model_max_length : null).toBe(record.model_max_length)
  const named = Object.keys(record.special_tokens) as (keyof typeof settings.special_tokens)[]
  const ids = named.map((name) => [name, tokenizer.id(settings.special_tokens[name] ?? '') ?? null])
  expect(Object.fromEntries(ids)).toEqual(record.special_ids)
}

function compareTexts(tokenizer: Tokenizer, { strings, class: reader }: ZooRecord): void {
  for (const { tokens, ...text } of strings) {
    // The tokenizers library alone shows unknown tokens as they are in the text.
    const recorded = reader === 'Tokenizer' ? text : { ...text, tokens }
    if (recorded.error === undefined) expect(readText(tokenizer, recorded)).toEqual(recorded)
    else expect(() => tokenizer.encode(recorded.text)).toThrow(/has no unk_token/)
  }
}

const WINDOWS = { max_seq_length: 64, doc_stride: 16 }

function compareWindows(tokenizer: Tokenizer, { pairs }: ZooRecord): void {
  for (const pair of pairs) {
    const read = () => callPair(tokenizer, pair, WINDOWS)
    if (pair.error !== undefined) {
      expect(read).toThrow(/has no unk_token|tokens, but \d+ must be removed/)
      continue
    }
    expect(read()).toEqual(pair.windows)
    // Training windows do not contain leading whitespace of the question.
    if (pair.question !== pair.question.trimStart() || !canAnswer(tokenizer)) continue
    expect(readPair(tokenizer, pair, WINDOWS)).toEqual(pair.windows.map(({ sequence_ids, ...window }) => window))
  }
}
