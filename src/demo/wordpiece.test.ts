import { describe, expect, it } from 'vitest'
import { trainWordPiece } from './wordpiece.ts'

describe('trainWordPiece', () => {
  // w-e stands 6 times and l-o 5 times; then newest (4 times) outvotes low (3) and lower (2).
  it('joins the most frequent neighbours first', () => {
    const vocabulary = trainWordPiece(['low low low lower lower newest newest newest newest'], 100)
    expect(vocabulary.slice(0, 5)).toEqual(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'])
    const joins = vocabulary.filter((entry) => entry.replace('##', '').length > 1 && !entry.startsWith('['))
    expect(joins).toEqual(['##we', 'lo', '##ewe', '##ewes', '##ewest', 'newest', 'low', '##wer', 'lower'])
  })

  it('holds every character alone and as a continuation, without accents or capitals', () => {
    const vocabulary = trainWordPiece(['Åb?'], 100)
    for (const entry of ['a', '##a', 'b', '##b', '?', '##?']) expect(vocabulary).toContain(entry)
    expect(vocabulary.join('')).not.toContain('å')
  })

  it('stops at the size asked for', () => {
    expect(trainWordPiece(['one two three four five six seven eight nine ten'.repeat(2)], 36)).toHaveLength(36)
  })

  it('refuses a size that does not hold the characters', () => {
    expect(() => trainWordPiece(['abcdefgh'], 10)).toThrow('10 entries do not hold the 21 single characters')
  })
})
