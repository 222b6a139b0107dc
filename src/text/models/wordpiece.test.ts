import { expect, test } from 'vitest'
import { wordPieceModel } from '../settings.ts'
import { WordPiece } from './wordpiece.ts'

test('A word is unknown when it has more code points than the limit, however many UTF-16 units these are', () => {
  // U+10400: one code point, two units.
  const letter = '\u{10400}'
  const vocabulary = new Map(['[UNK]', letter, `##${letter}`].map((token, id) => [token, id]))
  const wordPiece = new WordPiece(vocabulary, wordPieceModel('[UNK]', 3))
  const pieces = (count: number) => wordPiece.pieces(letter.repeat(count))
  expect(pieces(3)).toEqual({ ids: [1, 2, 2], starts: [0, 2, 4], ends: [2, 4, 6] })
  expect(pieces(4)).toEqual({ ids: [0], starts: [0], ends: [8] })
})
