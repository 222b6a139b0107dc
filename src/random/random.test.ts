import { describe, expect, it } from 'vitest'
import { philox4x32 } from './philox.ts'
import { naturalLog, random } from './random.ts'

function philox(counter: number[], key: number[]): string[] {
  const out = new Uint32Array(4)
  philox4x32(Uint32Array.from(counter), Uint32Array.from(key), out)
  return [...out].map((word) => word.toString(16).padStart(8, '0'))
}

describe('Philox4x32-10', () => {
  it('reproduces the known answers of the reference implementation, Random123', () => {
    const ones = 0xffffffff
    expect(philox([0, 0, 0, 0], [0, 0])).toEqual(['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8'])
    expect(philox([ones, ones, ones, ones], [ones, ones])).toEqual(['408f276d', '41c83b0e', 'a20bc7c6', '6d5451fd'])
    // Digits of pi.
    expect(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
      'd16cfe09',
      '94fdcceb',
      '5001e420',
      '24126ea1',
    ])
  })
})

describe('a stream of draws', () => {
  it('is reproducible for the same seed, purpose and counters', () => {
    const draw = () => Array.from({ length: 9 }, random(42, 'shuffle', 3).nextUint32)
    expect(draw()).toEqual(draw())
    // Pinned, because a change would affect the reproducibility of all runs.
    expect(draw().slice(0, 2)).toEqual([492521179, 2305997726])
  })

  it('differs for another seed, purpose or counter', () => {
    const streams = [
      random(42, 'shuffle', 3),
      random(43, 'shuffle', 3),
      random(42, 'dropout', 3),
      random(42, 'shuffle', 4),
      random(42, 'shuffle', 3, 1),
    ]
    expect(new Set(streams.map((stream) => stream.nextUint32())).size).toBe(streams.length)
  })

  it('rejects a seed that does not fit into 32 bits', () => {
    for (const seed of [-1, 1.5, 2 ** 32, Number.NaN]) expect(() => random(seed, 'shuffle')).toThrow('0 to 2^32 - 1')
  })

  it('has the moments of the uniform and the normal distribution', () => {
    const { uniform, normal } = random(7, 'moments')
    const count = 200_000
    // Within five standard errors of each mean. The seed is fixed, so the test is deterministic.
    const mean = (draw: () => number) => Array.from({ length: count }, draw).reduce((a, b) => a + b) / count
    expect(Math.abs(mean(uniform) - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / count))
    expect(Math.abs(mean(normal))).toBeLessThan(5 * Math.sqrt(1 / count))
    expect(Math.abs(mean(() => normal() ** 2) - 1)).toBeLessThan(5 * Math.sqrt(2 / count))
    expect(Math.abs(mean(() => normal() ** 4) - 3)).toBeLessThan(5 * Math.sqrt(96 / count))
  })

  it('draws integers below n uniformly', () => {
    const { below } = random(7, 'below')
    const counts = new Array(7).fill(0)
    for (let i = 0; i < 70_000; i++) counts[below(7)]++
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
    // With 6 degrees of freedom, 22.5 is exceeded with a probability of 0.001.
    expect(chiSquare).toBeLessThan(22.5)
  })

  it('produces all permutations with about equal frequency', () => {
    expect([...random(7, 'order').permutation(100)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    )
    const counts = new Map<string, number>()
    for (let i = 0; i < 24_000; i++) {
      const order = random(7, 'order', i).permutation(4).join()
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(24)
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
    // With 23 degrees of freedom, 49.7 is exceeded with a probability of 0.001.
    expect(chiSquare).toBeLessThan(49.7)
  })

  it('has a logarithm that agrees with Math.log', () => {
    const { uniform } = random(7, 'logarithm')
    for (let i = 0; i < 1000; i++) {
      const x = uniform() ** 8 * 10
      expect(Math.abs(naturalLog(x) - Math.log(x))).toBeLessThan(4e-16 * Math.max(1, Math.abs(Math.log(x))))
    }
  })
})
