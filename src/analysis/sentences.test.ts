import { expect, it } from 'vitest'
import { sentenceAt, sentenceStarts } from './sentences.ts'

const sentences = (text: string) => {
  const starts = sentenceStarts(text)
  return starts.map((start, i) => text.slice(start, starts[i + 1]).trim())
}

it('ends sentences at full stops, question marks and new lines', () => {
  expect(sentences('One. Two? Three!\nFour')).toEqual(['One.', 'Two?', 'Three!', 'Four'])
  expect(sentences('一。二。')).toEqual(['一。', '二。'])
  expect(sentences('')).toEqual([])
})

it('does not end a sentence at an initial, a title or an abbreviation', () => {
  expect(sentences('Dr. Smith met J. R. Ewing in the U.S. Senate. He left.')).toEqual([
    'Dr. Smith met J. R. Ewing in the U.S. Senate.',
    'He left.',
  ])
})

it('finds the sentence that contains a character', () => {
  const text = 'One. Two. Three.'
  const starts = sentenceStarts(text)
  expect([0, 4, 5, 10, 15].map((place) => sentenceAt(starts, place))).toEqual([0, 0, 1, 2, 2])
  expect(sentenceAt([], 0)).toBe(0)
})
