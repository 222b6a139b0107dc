import { expect, test } from 'vitest'
import { decodeWindows, encodeWindows } from '../benchmarks/gpu/windows.ts'

test('windows are the same after encoding and decoding', () => {
  const windows = [
    { input_ids: Int32Array.of(101, 30521, 102), context_start: 1, start_position: 1, end_position: 1 },
    { input_ids: Int32Array.of(101, 7, 8, 9, 102), context_start: 2, start_position: 0, end_position: 0 },
  ]
  expect(decodeWindows(encodeWindows(windows))).toMatchObject(windows)
})
