import { describe, expect, it } from 'vitest'
import { layersByBlock, within } from './layers.ts'

const blocks = [
  { start: 0, end: 10 },
  { start: 10, end: 20 },
  { start: 20, end: 25 },
]

describe('highlights', () => {
  it('appear in every block that they overlap', () => {
    const long = { name: 'a', start: 8, end: 21 }
    const short = { name: 'b', start: 10, end: 20 }
    const found = layersByBlock(blocks, [long, short, { name: 'empty', start: 3, end: 3 }])
    expect([...found]).toEqual([
      [0, [long]],
      [1, [long, short]],
      [2, [long]],
    ])
  })

  it('are relative to the start of their block', () => {
    expect(within(blocks[1], [{ name: 'a', start: 8, end: 14 }])).toEqual([{ name: 'a', start: 0, end: 4 }])
  })
})
