import { describe, expect, it } from 'vitest'
import { type GivenLengths, type LengthFacts, windowLengths } from './window-lengths.ts'

const stored = { max_seq_length: 128, doc_stride: 32 }

describe('the lengths of windows', () => {
  it.each<[string, GivenLengths, Partial<LengthFacts>, number, number, RegExp | undefined]>([
    ["are run_qa.py's", {}, { max_positions: 512 }, 384, 128, undefined],
    [
      'are limited by the model',
      {},
      { max_positions: 128 },
      128,
      64,
      /max_seq_length 128 and doc_stride 64 \(the model supports at most 128 tokens\)/,
    ],
    ['are limited by the tokenizer', {}, { max_positions: 512, model_max_length: 200 }, 200, 100, /at most 200/],
    ['default to the stored lengths', {}, { max_positions: 128, settings: stored }, 128, 32, /stored with the model/],
    [
      'can be overridden',
      { max_seq_length: 64, doc_stride: 16 },
      { max_positions: 128, settings: stored },
      64,
      16,
      undefined,
    ],
    [
      'ignore the stored overlap for a different length',
      { max_seq_length: 64 },
      { settings: stored },
      64,
      32,
      /Using doc_stride 32 \(at most half/,
    ],
    [
      'use the stored overlap for the stored length',
      { max_seq_length: 128 },
      { settings: stored },
      128,
      32,
      /Using doc_stride 32 \(stored/,
    ],
    ['use a given overlap', { doc_stride: 8 }, { settings: stored }, 128, 8, /Using max_seq_length 128 \(stored/],
    [
      'ignore stored lengths that the model does not support',
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
