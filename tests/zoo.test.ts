import { expect, it } from 'vitest'
import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import type { BertTokenizer } from '../src/text/index.ts'
import { describeShared } from './shared.ts'
import { type RecordedWindow, readPair, readText } from './tokenizer-record.ts'
import { unpackZoo, type ZooRecord, zooFolders, zooRecord } from './zoo.ts'

/** Folders whose tokenizer is none that spanforge reads, and what the error calls it. */
const REFUSED: Record<string, RegExp> = {
  'answerdotai--ModernBERT-base': /tokenizer.json is a BPE \(byte-pair encoding\) tokenizer/,
  'deepset--roberta-base-squad2': /a BPE \(byte-pair encoding\) tokenizer in vocab.json and merges.txt/,
  'microsoft--deberta-v3-spm': /a SentencePiece tokenizer in spm.model/,
  'x-ArnurBerikbol1--emotion-albert': /tokenizer.json is a Unigram \(SentencePiece\) tokenizer/,
  'x-AyushShetty84--RoBERTa-slow': /BPE/,
  'x-Eleonoraafloat337--tiny-ticket': /tokenizer.json is a WordLevel tokenizer/,
  'x-FSadrieh--BERTchen-de': /BPE/,
  'x-IT-Engineer-K--mood-moriage-ja':
    /the tokenizer of this folder is BertJapaneseTokenizer, which cuts words with MeCab/,
  'x-JieShenAI--driver_uie': /Unigram/,
  'x-WELCOME--disfluency': /Unigram/,
  'x-alicexji--bug-fixing-base': /Unigram/,
  'x-alliyah95--detoX-roberta-tagalog': /BPE/,
  'x-amsy572--ipamam-qa-roberta': /BPE/,
  'x-anubhavg--siem-secroberta': /BPE/,
  'x-galoisjung--kobert': /tokenizer.json describes no tokenizer: it has no "model"/,
  'x-ghorbani--fa-classification': /Unigram/,
  'x-laser-roberta-fairseq-vocab': /BPE/,
  'x-parkwoobin--sentiment-ko': /BPE/,
  'x-sinisterdaddy--roberta': /BPE/,
  'x-thethanh02--VNese-phobert': /the tokenizer of this folder is PhobertTokenizer, which merges pairs from bpe.codes/,
  'x-vicentepalomero--test-model': /tokenizer.json is a BPE/,
  'x-yhn112--huggingface-wrap': /Unigram/,
}

describeShared('Tokenizers of real model folders', () => {
  for (const name of zooFolders()) {
    const expected = REFUSED[name]
    if (expected)
      it(`refuses ${name}`, async () => {
        const error = await loadTokenizer(unpackZoo(name)).catch((error) => error)
        expect(error.message).toMatch(expected)
        expect(error.message.split('\n')).toHaveLength(2)
      })
    else
      it(`reads ${name} as Python does`, async () => {
        const tokenizer = await loadTokenizer(unpackZoo(name))
        const record = zooRecord(name)
        compareFacts(tokenizer, record)
        compareTexts(tokenizer, record)
        compareWindows(tokenizer, record)
      })
  }
})

function compareFacts(tokenizer: BertTokenizer, { class: reader, ...record }: ZooRecord): void {
  const { length, vocab_size, model_max_length, settings } = tokenizer
  expect({ length, vocab_size }).toEqual({ length: record.length, vocab_size: record.vocab_size })
  // Where no class of transformers can read the folder, the tokenizers library alone has, which reads no settings.
  if (reader === 'Tokenizer') return
  expect(Number.isFinite(model_max_length) ? model_max_length : null).toBe(record.model_max_length)
  const named = Object.keys(record.special_tokens) as (keyof typeof settings.special_tokens)[]
  const ids = named.map((name) => [name, tokenizer.id(settings.special_tokens[name] ?? '') ?? null])
  expect(Object.fromEntries(ids)).toEqual(record.special_ids)
}

function compareTexts(tokenizer: BertTokenizer, { strings }: ZooRecord): void {
  for (const recorded of strings)
    if (recorded.error === undefined) expect(readText(tokenizer, recorded)).toEqual(recorded)
    else expect(() => tokenizer.encode(recorded.text)).toThrow(/has no unk_token/)
}

function compareWindows(tokenizer: BertTokenizer, { pairs }: ZooRecord): void {
  for (const pair of pairs) {
    const read = () => readPair(tokenizer, pair, { max_seq_length: 64, doc_stride: 16 })
    if (pair.error === undefined) expect(read()).toEqual(strippedWindows(pair))
    else expect(read).toThrow(/has no unk_token/)
  }
}

/** Recorded of the question as it is; windows are cut, as in run_qa, without its leading white space. */
function strippedWindows({ question, windows }: ZooRecord['pairs'][number]): RecordedWindow[] {
  const stripped = question.length - question.trimStart().length
  return windows.map(({ sequence_ids, offsets, ...window }) => ({
    ...window,
    offsets: offsets.map((offset, i) => (sequence_ids[i >> 1] === 0 ? offset - stripped : offset)),
  }))
}
