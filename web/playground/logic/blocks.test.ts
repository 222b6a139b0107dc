import { describe, expect, it } from 'vitest'
import { blockAt, pageBlocks } from './blocks.ts'

const texts = {
  'short paragraphs': 'A line of some words.\n\n'.repeat(2000),
  'one long paragraph': 'Words follow words, and no line ends. '.repeat(2000),
  'a single word': 'x'.repeat(100_000),
  'only line breaks': '\n'.repeat(50_000),
  'surrogate pairs': '🦊'.repeat(20_000),
  'a short text': 'Short.',
}

describe.each(Object.entries(texts))('the blocks of %s', (_, text) => {
  const blocks = pageBlocks(text)

  it('cover the whole text in order', () => {
    expect(blocks.map(({ start, end }) => text.slice(start, end)).join('')).toBe(text)
  })

  it('are neither too large nor too many', () => {
    expect(Math.max(...blocks.map(({ start, end }) => end - start))).toBeLessThanOrEqual(6000)
    expect(blocks.length).toBeLessThanOrEqual(1 + text.length / 900)
  })

  it('do not split surrogate pairs', () => {
    for (const { start } of blocks) expect(text.slice(start, start + 1)).not.toMatch(/[\udc00-\udfff]/)
  })

  it('are found by the index of each character', () => {
    for (const [i, { start, end }] of blocks.entries())
      expect([blockAt(blocks, start), blockAt(blocks, end - 1)]).toEqual([i, i])
    expect(blockAt(blocks, text.length)).toBe(blocks.length - 1)
  })
})

describe('a block', () => {
  it('ends at a line break if possible', () => {
    for (const { end } of pageBlocks(texts['short paragraphs'])) expect(texts['short paragraphs'][end - 1]).toBe('\n')
  })

  it('ends at a sentence in a long paragraph', () => {
    const text = texts['one long paragraph']
    for (const { start, end } of pageBlocks(text)) expect(text.slice(start, end)).toMatch(/^Words.*\. $/s)
  })

  it('does not exist for an empty text', () => {
    expect(pageBlocks('')).toEqual([])
  })
})
