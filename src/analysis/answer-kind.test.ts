import { expect, it } from 'vitest'
import { answerKind } from './answer-kind.ts'

it.each([
  ['', 'none'],
  [' "" ', 'none'],
  ['1685', 'date'],
  ['February 7, 2016', 'date'],
  ['the 1990s', 'date'],
  ['after 1279', 'date'],
  ['20th century', 'date'],
  ['late 19th century', 'date'],
  ['Thursday', 'date'],
  ['1914–1918', 'date'],
  ['9:30 am', 'date'],
  ['308', 'number'],
  ['40,000', 'number'],
  ['$5.2 billion', 'number'],
  ['18%', 'number'],
  ['about 35 instruments', 'number'],
  ['more than twenty-two', 'number'],
  ['third', 'number'],
  ['1500 people', 'number'],
  ['Saxon Garden', 'name'],
  ['University of Chicago', 'name'],
  ['Ludwig van Beethoven', 'name'],
  ['"Łódź"', 'name'],
  ['DVB-compliant MPEG-2', 'name'],
  ['the national anthem', 'phrase'],
  ['many times', 'phrase'],
  ['reducing poverty', 'phrase'],
  ['the of', 'phrase'],
])('%s is a %s', (text, kind) => {
  expect(answerKind(text)).toBe(kind)
})
