import { expect, test } from 'vitest'
import { random, streamOf } from '../../random/random.ts'
import { type BitRows, KeptBits } from './kept-bits.ts'

const SIZE = 2 ** 15

/** The bits of the ring, from the generator in TypeScript. */
function drawn(size: number, probability: number, ...counters: number[]): Uint8Array {
  const { nextUint32 } = random(42, 'dropout', ...counters)
  const threshold = Math.round(probability * 2 ** 16)
  const bits = new Uint8Array(size)
  for (let i = 0; i < size; i += 2) {
    const word = nextUint32()
    bits[i] = (word & 0xffff) < threshold ? 0 : 1
    bits[i + 1] = word >>> 16 < threshold ? 0 : 1
  }
  return bits
}

const ring = (size: number, probability: number, ...counters: number[]) =>
  new KeptBits(size, probability, streamOf(42, 'dropout', ...counters))

const all = (bits: KeptBits, length: number): Uint8Array => {
  const out = new Uint8Array(length)
  const width = 2 ** 15
  for (let at = 0; at < length; at += width)
    bits.expand(out, at, { start: at, rows: 1, step: 0, width: Math.min(width, length - at) })
  return out
}

test('A bit is 0 where 16 bits of the stream are below p * 2^16', () => {
  const bits = ring(SIZE, 0.1, 5, 6, 7)
  expect(bits.size).toBe(SIZE)
  expect(all(bits, SIZE)).toEqual(drawn(SIZE, 0.1, 5, 6, 7))
})

test('Rows of any width and distance are expanded from any bit on, past the end of the ring too, and nothing beside them', () => {
  const expected = drawn(SIZE, 0.3, 1)
  const cases: BitRows[] = [
    { start: 0, rows: 1, step: 0, width: 1 },
    { start: 13, rows: 7, step: 29, width: 5 },
    { start: 8191, rows: 3, step: 100, width: 33 },
    { start: SIZE - 1, rows: 40, step: 1000, width: 64 },
    { start: SIZE + 77, rows: 90, step: 31, width: 1500 },
    { start: 3, rows: 2, step: 9, width: 2 ** 16 },
  ]
  const bits = ring(SIZE, 0.3, 1)
  for (const rows of cases) {
    const { start, rows: n, step, width } = rows
    const out = new Uint8Array(n * width + 20).fill(9)
    for (const ring of [bits, new KeptBits(SIZE, 0.3, streamOf(42, 'dropout', 1))]) {
      ring.expand(out, 10, rows)
      const wanted = Uint8Array.from({ length: n * width }, (_, i) => {
        const row = Math.floor(i / width)
        return expected[(start + row * step + i - row * width) % SIZE]
      })
      expect(Buffer.compare(out.subarray(10, -10), wanted), JSON.stringify(rows)).toBe(0)
      expect([...out.subarray(0, 10), ...out.subarray(-10)]).toEqual(new Array(20).fill(9))
    }
  }
})

test('The size is the next power of two, and a restart begins another stream', () => {
  const bits = ring(20_000, 0.1, 1)
  expect(bits.size).toBe(SIZE)
  all(bits, 100)
  bits.restart(streamOf(42, 'dropout', 2))
  expect(all(bits, SIZE)).toEqual(drawn(SIZE, 0.1, 2))
})

test('The share p is dropped, with neighbors independent', () => {
  const count = 2 ** 20
  for (const p of [0.1, 0.5]) {
    const kept = all(ring(count, p, 1), count)
    const dropped = count - kept.reduce((sum, bit) => sum + bit, 0)
    expect(Math.abs(dropped / count - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / count))
    for (const distance of [1, 2, 8, 32, 8192]) {
      let both = 0
      for (let i = distance; i < count; i++) if (kept[i] + kept[i - distance] === 0) both++
      expect(Math.abs(both / count - p * p)).toBeLessThan(5 * Math.sqrt((p * p * (1 - p * p)) / count))
    }
  }
})

test('p = 0 keeps everything, p just below 1 keeps next to nothing, and p = 1 is rejected', () => {
  const share = (p: number) => all(ring(SIZE, p), SIZE).reduce((sum, bit) => sum + bit, 0) / SIZE
  expect(share(0)).toBe(1)
  expect(share(1 - 1e-9)).toBeLessThan(1e-3)
  expect(() => ring(SIZE, 1)).toThrow('0 <= p < 1')
})
