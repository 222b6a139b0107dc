import type { LabeledWindow } from '../../src/squad/types.ts'

/** Windows without their texts, which suffice for training and logits. */
export type BareWindow = Pick<LabeledWindow, 'input_ids' | 'start_position' | 'end_position' | 'context_start'>

const HEADER = 4

/** Encodes windows as 16-bit numbers: length, start of the context, and positions of the answer, then the tokens. */
export function encodeWindows(windows: readonly BareWindow[]): Uint8Array {
  const size = windows.reduce((total, { input_ids }) => total + HEADER + input_ids.length, 0)
  const numbers = new Uint16Array(size)
  let at = 0
  for (const { input_ids, context_start, start_position, end_position } of windows) {
    numbers.set([input_ids.length, context_start, start_position, end_position], at)
    numbers.set(input_ids, at + HEADER)
    at += HEADER + input_ids.length
  }
  return new Uint8Array(numbers.buffer)
}

export function decodeWindows(bytes: Uint8Array): LabeledWindow[] {
  const numbers = new Uint16Array(bytes.slice().buffer)
  const windows: LabeledWindow[] = []
  for (let at = 0; at < numbers.length; ) {
    const [length, context_start, start_position, end_position] = numbers.subarray(at, at + HEADER)
    const input_ids = Int32Array.from(numbers.subarray(at + HEADER, at + HEADER + length))
    const place = { example: windows.length, context_start, context_end: length - 1, start_position, end_position }
    windows.push({ ...place, input_ids, offsets: new Int32Array(2 * length) })
    at += HEADER + length
  }
  return windows
}
