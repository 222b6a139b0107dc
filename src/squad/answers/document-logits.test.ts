import { expect, it } from 'vitest'
import type { Window } from '../types.ts'
import { readDocument } from './document-logits.ts'

/** A window of context tokens alone, as `[id, start, end]`. */
function windowOf(...tokens: [id: number, start: number, end: number][]): Window {
  return {
    example: 0,
    input_ids: Int32Array.from(tokens, ([id]) => id),
    context_start: 0,
    context_end: tokens.length,
    offsets: Int32Array.from(tokens.flatMap(([, start, end]) => [start, end])),
  }
}

it('aligns windows that begin in a character of which two byte tokens are equal', () => {
  const windows = [windowOf([9, 0, 1], [7, 1, 3], [7, 1, 3]), windowOf([7, 1, 3], [8, 3, 4])]
  const logits = windows.map(({ input_ids }) => {
    const values = Float32Array.from(input_ids)
    return { start_logits: values, end_logits: values }
  })
  const { logitsByWindow, offsets } = readDocument(windows, logits)
  expect(logitsByWindow.map(({ first }) => first)).toEqual([0, 2])
  expect([...offsets]).toEqual([0, 1, 1, 3, 1, 3, 3, 4])
})
