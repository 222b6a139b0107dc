import { describe, expect, it } from 'vitest'
import { type GivenLengths, type LengthFacts, windowLengths } from './window-lengths.ts'

const stored = { max_seq_length: 128, doc_stride: 32 }

describe('the lengths of windows', () => {
  it.each<[string, GivenLengths, Partial<LengthFacts>, number, number, RegExp | undefined]>([
    ["are run_qa.py's", {}, { max_positions: 512 }, 384, 128, undefined],
    [
      'are at most what the model can read',
      {},
      { max_positions: 128 },
      128,
      64,
      /max_seq_length 128 and doc_stride 64 \(the model reads at most 128 tokens\)/,
    ],
    [
      'are at most what its tokenizer allows',
      {},
      { max_positions: 512, model_max_length: 200 },
      200,
      100,
      /at most 200/,
    ],
    ['are those stored with it', {}, { max_positions: 128, settings: stored }, 128, 32, /stored with the model/],
    [
      'are those given',
      { max_seq_length: 64, doc_stride: 16 },
      { max_positions: 128, settings: stored },
      64,
      16,
      undefined,
    ],
    [
      'have no stored overlap with another length',
      { max_seq_length: 64 },
      { settings: stored },
      64,
      32,
      /Using doc_stride 32 \(half/,
    ],
    [
      'have the stored overlap with the stored length',
      { max_seq_length: 128 },
      { settings: stored },
      128,
      32,
      /Using doc_stride 32 \(stored/,
    ],
    [
      'have the overlap that is given',
      { doc_stride: 8 },
      { settings: stored },
      128,
      8,
      /Using max_seq_length 128 \(stored/,
    ],
    [
      'are not those stored if the model cannot read them',
      {},
      { max_positions: 100, settings: stored },
      100,
      50,
      /at most 100/,
    ],
    ['may be null, for not given', { max_seq_length: null, doc_stride: null }, {}, 384, 128, undefined],
  ])('%s', (_, given, facts, max_seq_length, doc_stride, note) => {
    const found = windowLengths(given, { max_positions: undefined, ...facts })
    expect([found.max_seq_length, found.doc_stride]).toEqual([max_seq_length, doc_stride])
    if (note) expect(found.note).toMatch(note)
    else expect(found.note).toBeUndefined()
  })
})
