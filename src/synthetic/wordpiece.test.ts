import { describe, expect, it } from 'vitest'
import { trainWordPiece } from './wordpiece.ts'

describe('trainWordPiece', () => {
  // The pair w-e occurs 6 times and l-o 5 times; then newest (4 times) precedes low (3) and lower (2).
  it('merges the most frequent pairs first', () => {
    const vocabulary = trainWordPiece(['low low low lower lower newest newest newest newest'], 100)
    expect(vocabulary.slice(0, 5)).toEqual(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'])
    const joins = vocabulary.filter((entry) => entry.replace('##', '').length > 1 && !entry.startsWith('['))
    expect(joins).toEqual(['##we', 'lo', '##ewe', '##ewes', '##ewest', 'newest', 'low', '##wer', 'lower'])
  })

  it('contains every character alone and as a continuation, without accents or capitals', () => {
    const vocabulary = trainWordPiece(['Åb?'], 100)
    for (const entry of ['a', '##a', 'b', '##b', '?', '##?']) expect(vocabulary).toContain(entry)
    expect(vocabulary.join('')).not.toContain('å')
  })

  it('stops at the requested size', () => {
    expect(trainWordPiece(['one two three four five six seven eight nine ten'.repeat(2)], 36)).toHaveLength(36)
  })

  it('rejects a size that is too small for the single characters', () => {
    expect(() => trainWordPiece(['abcdefgh'], 10)).toThrow('size 10 is too small for 21 single characters')
  })
})
