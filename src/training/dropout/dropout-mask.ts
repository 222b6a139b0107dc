import { streamOf } from '../../random/random.ts'
import { base64 } from './random-wasm.ts'

/** Elements made at a time; they stay in the processor's nearest caches until they are copied out. */
export const CHUNK = 8192
const ELEMENTS_PER_GROUP = 32

type FillMask = (
  out: number,
  groups: number,
  threshold: number,
  kept: number,
  block: number,
  ...counterAndKey: number[]
) => void

let scratch: { readonly mask: Float32Array; readonly fillMask: FillMask } | undefined

function openScratch(): NonNullable<typeof scratch> {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const module = new WebAssembly.Module(Buffer.from(base64, 'base64'))
  const { fillMask } = new WebAssembly.Instance(module, { env: { memory } }).exports
  return { mask: new Float32Array(memory.buffer, 0, CHUNK), fillMask: fillMask as unknown as FillMask }
}

/**
 * Fills `out` with a dropout mask: each element is 0 with probability `p` and 1 / (1 - p) otherwise. Every element
 * takes 16 bits of the stream (seed, purpose, counters) that `random` draws from: elements 2i and 2i + 1 are dropped
 * where the low and the high half of word i are below p * 2^16. So the probability is `p` rounded to 2^-16.
 */
export function fillDropoutMask(
  out: Float32Array,
  p: number,
  seed: number,
  purpose: string,
  ...counters: number[]
): void {
  const fill = dropoutMask(out, p, seed, purpose, ...counters)
  for (let chunk = 0; chunk * CHUNK < out.length; chunk++) fill(chunk)
}

/** As `fillDropoutMask`, CHUNK elements at a time: returns what fills the elements from `chunk` * CHUNK on. */
export function dropoutMask(
  out: Float32Array,
  p: number,
  seed: number,
  purpose: string,
  ...counters: number[]
): (chunk: number) => void {
  if (!(p >= 0 && p < 1)) throw new Error(`dropout: found probability ${p}, expected 0 <= p < 1`)
  scratch ??= openScratch()
  const { mask, fillMask } = scratch
  const stream = streamOf(seed, purpose, ...counters)
  const threshold = Math.round(p * 2 ** 16)
  return (chunk) => {
    const start = chunk * CHUNK
    const length = Math.min(CHUNK, out.length - start)
    const groups = Math.ceil(length / ELEMENTS_PER_GROUP)
    fillMask(0, groups, threshold, 1 / (1 - p), start / 8, ...stream.counters, ...stream.key)
    out.set(length === CHUNK ? mask : mask.subarray(0, length), start)
  }
}
