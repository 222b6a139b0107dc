import { describe, expect, it } from 'vitest'
import { blockAt, blocksOf } from './blocks.ts'

const texts = {
  'short paragraphs': 'A line of some words.\n\n'.repeat(2000),
  'one long paragraph': 'Words follow words, and no line ends. '.repeat(2000),
  'one word': 'x'.repeat(100_000),
  'nothing but line breaks': '\n'.repeat(50_000),
  'characters of two units': '🦊'.repeat(20_000),
  'a short text': 'Short.',
}

describe.each(Object.entries(texts))('the blocks of %s', (_, text) => {
  const blocks = blocksOf(text)

  it('are the text, whole and in order', () => {
    expect(blocks.map(({ start, end }) => text.slice(start, end)).join('')).toBe(text)
  })

  it('are neither so large that one is slow nor so many that all are', () => {
    expect(Math.max(...blocks.map(({ start, end }) => end - start))).toBeLessThanOrEqual(6000)
    expect(blocks.length).toBeLessThanOrEqual(1 + text.length / 900)
  })

  it('cut no character in two', () => {
    for (const { start } of blocks) expect(text.slice(start, start + 1)).not.toMatch(/[\udc00-\udfff]/)
  })

  it('are found by each character in them', () => {
    for (const [i, { start, end }] of blocks.entries())
      expect([blockAt(blocks, start), blockAt(blocks, end - 1)]).toEqual([i, i])
    expect(blockAt(blocks, text.length)).toBe(blocks.length - 1)
  })
})

describe('a block', () => {
  it('ends with a line where lines end', () => {
    for (const { end } of blocksOf(texts['short paragraphs'])) expect(texts['short paragraphs'][end - 1]).toBe('\n')
  })

  it('ends with a sentence within a long paragraph', () => {
    const text = texts['one long paragraph']
    for (const { start, end } of blocksOf(text)) expect(text.slice(start, end)).toMatch(/^Words.*\. $/s)
  })

  it('is none for an empty text', () => {
    expect(blocksOf('')).toEqual([])
  })
})
