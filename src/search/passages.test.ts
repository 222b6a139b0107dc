import { expect, test } from 'vitest'
import { DocumentBuilder, type PageStart } from '../documents/document.ts'
import { cutPassages } from './passages.ts'

interface Piece {
  readonly text: string
  readonly level?: number
  /** Page on which the text begins, or all pages with their offsets. */
  readonly page?: number | readonly PageStart[]
}

function passagesOf(...pieces: Piece[]) {
  const builder = new DocumentBuilder(1e6)
  for (const { page, ...piece } of pieces)
    builder.add({ ...piece, ...(page !== undefined && { pages: typeof page === 'number' ? [[0, page]] : page }) })
  const document = builder.build('txt')
  const passages = cutPassages(document)
  for (const { start, text } of passages) expect(document.text.slice(start, start + text.length)).toBe(text)
  return passages
}

const sentence = 'The pump has a red button on its left side. '

test('passages are cut at headings, and short paragraphs are joined', () => {
  const found = passagesOf(
    { text: 'Manual', level: 1 },
    { text: 'Setup', level: 2, page: 1 },
    { text: 'One.', page: 1 },
    { text: 'Two.', page: 2 },
    { text: 'Repair', level: 2, page: 2 },
    { text: 'Three.', page: 2 },
  )
  expect(found.map(({ text, headings, pages }) => [text, headings, pages])).toEqual([
    [
      'Manual\n\nSetup\n\nOne.\n\nTwo.',
      ['Manual', 'Setup'],
      [
        [8, 1],
        [21, 2],
      ],
    ],
    ['Repair\n\nThree.', ['Manual', 'Repair'], [[0, 2]]],
  ])
})

test('paragraphs of ordinary length are passages of their own', () => {
  expect(passagesOf({ text: sentence.repeat(15) }, { text: sentence.repeat(16) })).toHaveLength(2)
})

test('long paragraphs are cut after a sentence, or between words, or anywhere but never within a character', () => {
  const cut = (text: string) => passagesOf({ text }).map((passage) => passage.text)
  const sentences = cut(sentence.repeat(100))
  expect(sentences.length).toBeLessThanOrEqual(4)
  expect(sentences.every((text) => text.endsWith('side.') && text.length <= 1500)).toBe(true)
  expect(cut('word '.repeat(1000)).every((text) => /^word( word)*$/.test(text))).toBe(true)
  expect(cut(`x${'😀'.repeat(2000)}`).every((text) => !/\p{Cs}/u.test(text))).toBe(true)
})

test('a heading stays with its long paragraph, and the rest of the paragraph is joined with the next one', () => {
  const found = passagesOf({ text: 'Reset', level: 1 }, { text: sentence.repeat(40) }, { text: 'Wait.' })
  expect(
    found.map(({ text }) => [text.startsWith('Reset\n\nThe pump'), text.endsWith('Wait.'), text.length <= 1500]),
  ).toEqual([
    [true, false, true],
    [false, true, true],
  ])
})

test('each part of a paragraph knows its pages', () => {
  const text = sentence.repeat(60)
  const pages: PageStart[] = [7, 8, 9].map((page, i) => [1000 * i, page])
  const [first, second] = passagesOf({ text, page: pages })
  expect(first.pages).toEqual([
    [0, 7],
    [1000, 8],
  ])
  expect(second.pages).toEqual([
    [0, 8],
    [2000 - second.start, 9],
  ])
})
