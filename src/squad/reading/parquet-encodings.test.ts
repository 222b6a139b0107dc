import { expect, it } from 'vitest'
import { checkDefined, checkDeltas, checkRuns, checkSharedTexts } from './parquet-encodings.ts'

const reader = (...bytes: number[]) => ({ view: new DataView(Uint8Array.from(bytes).buffer), offset: 0 })
/** 2^31 - 1, the maximum in the header of a run, whose lowest bit is the type of run. */
const ENDLESS = [0xfe, 0xff, 0xff, 0xff, 0x0f]

it('accepts runs of repeated and of packed values, up to their stated size', () => {
  // Nine times 1, then eight packed bits of which seven are used, then an unrelated byte.
  const runs = reader(9 << 1, 1, (1 << 1) | 1, 0b10101010, 7)
  checkRuns(runs, 1, 16, 4)
  expect(runs.offset).toBe(4)
  // Some writers add an empty block at the end.
  const empty = reader(4 << 1, 0, 0, 0)
  checkRuns(empty, 1, 4, 4)
  expect(empty.offset).toBe(4)
})

it('rejects a run of any length that exceeds its page', () => {
  expect(() => checkRuns(reader(17 << 1, 1), 1, 16, 2)).toThrow('a run of 17 values in a page of 16')
  expect(() => checkRuns(reader((3 << 1) | 1, 0, 0, 0), 1, 16, 4)).toThrow('a run of 24 values in a page of 16')
  expect(() => checkRuns(reader(...ENDLESS, 1), 1, 16, 6)).toThrow('a run of 2147483647 values in a page of 16')
  const packed = [0xff, ...ENDLESS.slice(1)]
  // Values of 0 bits take no bytes, so only their number limits them.
  expect(() => checkRuns(reader(...packed), 0, 16, 5)).toThrow('a run of 17179869176 values in a page of 16')
  expect(() => checkRuns(reader(1, 2, 3), 1, 16, 4)).toThrow('runs of 4 bytes')
})

it('counts the values that are present by their level', () => {
  const levels = reader(5 << 1, 3, 4 << 1, 2, (1 << 1) | 1, 0b11_10_11_01, 0b11_11_11_00)
  expect(checkDefined(levels, 3, 17, 7)).toBe(5 + 2 + 3)
  expect(levels.offset).toBe(7)
})

it('accepts blocks of deltas, and rejects those that would never end', () => {
  // 128 values a block, 4 miniblocks, 34 values, the first 0; a smallest delta of 1; widths 1, 2, 0, 0: two are needed.
  const deltas = reader(0x80, 1, 4, 34, 0, 2, 1, 2, 0, 0, ...new Array(4 + 8).fill(0), 9)
  checkDeltas(deltas, 34)
  expect(deltas.offset).toBe(deltas.view.byteLength - 1)
  const block = (values: number[], miniblocks: number[]) => reader(...values, ...miniblocks, 34, 0, 2, 1, 2, 0, 0)
  const minusTwo = [0xfe, 0xff, 0xff, 0xff, 0x0f]
  expect(() => checkDeltas(block([0x80, 1], minusTwo), 34)).toThrow('blocks of 128 values in -2 miniblocks')
  expect(() => checkDeltas(block([0xc0, ...minusTwo.slice(1)], minusTwo), 34)).toThrow(
    'blocks of -64 values in -2 mini',
  )
  expect(() => checkDeltas(block([0], [4]), 34)).toThrow('blocks of 0 values in 4 miniblocks')
  expect(() => checkDeltas(block([0x80, 1], [0]), 34)).toThrow('blocks of 128 values in 0 miniblocks')
  expect(() => checkDeltas(block([8], [4]), 34)).toThrow('blocks of 8 values in 4 miniblocks')
  checkDeltas(reader(), 0)
})

it('rejects texts that share more than the previous text has, or that grow without limit', () => {
  // One value per block is enough here: the first of each list, then equal deltas in a miniblock of 0 bits.
  const list = (first: number, delta: number) => [0x80, 1, 4, 3, first * 2, delta * 2, 0, 0, 0, 0]
  const shared = (first: number, more: number, own: number) => reader(...list(first, more), ...list(own, 0))
  checkSharedTexts(shared(0, 2, 2), 3, 2 + 4 + 6)
  expect(() => checkSharedTexts(shared(0, 2, 2), 3, 11)).toThrow('texts of more than 11 bytes')
  expect(() => checkSharedTexts(shared(1, 0, 2), 3, 100)).toThrow('a text that shares 1 bytes with one of 0')
  expect(() => checkSharedTexts(shared(0, 3, 2), 3, 100)).toThrow('a text that shares 3 bytes with one of 2')
})
