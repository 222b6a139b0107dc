import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { describeShared, shared } from '../../tests/shared.ts'
import { tokenizerFromVocab } from '../text/reading/tokenizer-files.ts'
import { digestStreams } from './digests.ts'
import { labelWindow } from './labels.ts'
import { parseSquad } from './reading/squad-json.ts'
import type { Window } from './types.ts'
import { createWindows } from './windows.ts'

interface Totals {
  questions: number
  windows: number
  tokens: number
  input_ids_sha256: string
  token_type_ids_sha256: string
  offsets_utf16_sha256: string
  labels_sha256: { covering: string }
  windows_with_answer: number
}

it('Digests are computed from little-endian int32 arrays', () => {
  const window: Window = {
    example: 0,
    input_ids: Int32Array.of(101, 102, 258, 102),
    context_start: 2,
    context_end: 3,
    offsets: Int32Array.of(0, 0, 0, 0, 0, 3, 0, 0),
  }
  const streams = digestStreams([window], [{ start_position: 2, end_position: 3 }])
  const bytes = (stream: Iterable<Uint8Array>) => Buffer.concat([...stream]).toString('hex')
  expect(bytes(streams.input_ids)).toBe('65000000660000000201000066000000')
  expect(bytes(streams.token_type_ids)).toBe('00000000000000000100000001000000')
  expect(bytes(streams.offsets_utf16)).toBe(`${'00'.repeat(20)}03000000${'00'.repeat(8)}`)
  expect(bytes(streams.labels)).toBe('0200000003000000')
})

describeShared('Each data file, cut into windows of 384 tokens with an overlap of 128', () => {
  const totals: Record<string, Totals> = JSON.parse(
    readFileSync(shared('reference/tokenizer/totals-384-128.json'), 'utf8'),
  )
  const tokenizer = tokenizerFromVocab(readFileSync(fixture('tokenizer/vocab.txt'), 'utf8'))
  const sha256 = (stream: Iterable<Uint8Array>) => {
    const hash = createHash('sha256')
    for (const bytes of stream) hash.update(bytes)
    return hash.digest('hex')
  }

  for (const [name, expected] of Object.entries(totals))
    it(`has the recorded windows, offsets and labels: ${name}`, () => {
      const [file] = name.split(' ')
      const examples = parseSquad(readFileSync(shared(`data/${file}`), 'utf8'), file).slice(0, expected.questions)
      const windows = createWindows(tokenizer, examples, { max_seq_length: 384, doc_stride: 128 })
      const labels = windows.map((window) => labelWindow(window, examples[window.example].answers[0]))
      const streams = digestStreams(windows, labels)
      expect({
        questions: examples.length,
        windows: windows.length,
        tokens: windows.reduce((sum, { input_ids }) => sum + input_ids.length, 0),
        windows_with_answer: labels.filter(({ end_position }) => end_position > 0).length,
        input_ids_sha256: sha256(streams.input_ids),
        token_type_ids_sha256: sha256(streams.token_type_ids),
        offsets_utf16_sha256: sha256(streams.offsets_utf16),
        labels_sha256: sha256(streams.labels),
      }).toEqual({
        questions: expected.questions,
        windows: expected.windows,
        tokens: expected.tokens,
        windows_with_answer: expected.windows_with_answer,
        input_ids_sha256: expected.input_ids_sha256,
        token_type_ids_sha256: expected.token_type_ids_sha256,
        offsets_utf16_sha256: expected.offsets_utf16_sha256,
        labels_sha256: expected.labels_sha256.covering,
      })
    })

  it('gives 3,074 windows for the first 3,000 training questions', () => {
    expect(totals['squad-train-articles.json (first 3000 questions)']).toMatchObject({ questions: 3000, windows: 3074 })
  })
})
