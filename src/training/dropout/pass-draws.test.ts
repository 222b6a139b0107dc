import { expect, test } from 'vitest'
import type { Pass } from '../../batching/passes.ts'
import { random } from '../../random/random.ts'
import { POOL } from './draws.ts'
import { PassDraws } from './pass-draws.ts'

const [SEED, P] = [7, 0.1]
const pass: Pass = { rows: [], places: [], spans: [], counts: { starts: 1, ends: 1, windows: 1 } }

/** Elements `from` to `to` of a stream, as 0.1 made masks of it. */
function stretch(from: number, to: number, purpose: string, ...counters: number[]): Uint8Array {
  const { nextUint32 } = random(SEED, purpose, ...counters)
  const bits = new Uint8Array(to)
  for (let i = 0; i < to; i += 2) {
    const word = nextUint32()
    bits[i] = (word & 0xffff) < 6554 ? 0 : 1
    if (i + 1 < to) bits[i + 1] = word >>> 16 < 6554 ? 0 : 1
  }
  return bits.subarray(from)
}

function masks(step: number, number: number, lengths: readonly number[]): Uint8Array[] {
  const write = new PassDraws(SEED).masks(step, number)
  return lengths.map((length, site) => {
    const out = new Uint8Array(length)
    write(site, { name: 'site', shape: [length], dims: [length], probability: P }, pass, out)
    return out
  })
}

test('The mask of a site is a stretch of one stream for sixteen steps, from a place drawn for each site in turn', () => {
  const lengths = [100_000, 5, 8192]
  const [step, number] = [37, 2]
  const { below } = random(SEED, 'dropout place', step, number)
  for (const mask of masks(step, number, lengths)) {
    const start = 16 * below(Math.floor((POOL - mask.length) / 16) + 1)
    expect(Buffer.compare(mask, stretch(start, start + mask.length, 'dropout', 2))).toBe(0)
  }
})

test('The mask of a pass that is larger than the pool has a stream of its own', () => {
  const length = POOL + 70_001
  const [step, number] = [3, 1]
  const [small, large, last] = masks(step, number, [10, length, 10])
  expect(Buffer.compare(large, stretch(0, length, 'dropout of a large pass', step, number, 1))).toBe(0)
  const { below } = random(SEED, 'dropout place', step, number)
  for (const mask of [small, last]) {
    const start = 16 * below(Math.floor((POOL - 10) / 16) + 1)
    expect(Buffer.compare(mask, stretch(start, start + 10, 'dropout', 0))).toBe(0)
  }
})
