import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { passageAround } from './passage.ts'

const place = (text: string, words: string) => {
  const start = text.indexOf(words)
  return { start, end: start + words.length }
}
const around = (text: string, words: string, most: number) => {
  const { start, end } = passageAround(text, place(text, words), most)
  return text.slice(start, end)
}

describe('the passage around an answer', () => {
  it('is the whole text if it is short', () => {
    expect(around(' One. Two.\n\nThree. ', 'Two', 100)).toBe('One. Two.\n\nThree.')
  })

  it('consists of whole paragraphs if they fit', () => {
    const text = ['First one here.', 'Second one here.', 'The answer is 42.', 'Fourth one here.', 'Fifth.'].join('\n\n')
    expect(around(text, '42', 60)).toBe('First one here.\n\nSecond one here.\n\nThe answer is 42.')
    expect(around(text, '42', 19)).toBe('The answer is 42.')
  })

  it('consists of whole sentences if the paragraph is too long', () => {
    const text = `${'Some words. '.repeat(50)}The answer is 42. ${'More words. '.repeat(50)}`
    expect(around(text, '42', 60)).toMatch(/^(Some words\. )+The answer is 42\.( More words\.)*$/)
    const japanese = `${'これは文です。'.repeat(50)}答えは42です。${'これは文です。'.repeat(50)}`
    expect(around(japanese, '42', 40)).toMatch(/^(これは文です。)+答えは42です。(これは文です。)*$/)
  })

  it('consists of whole words if there are no sentences', () => {
    const text = `${'word '.repeat(500)}answer ${'word '.repeat(500)}`
    expect(around(text, 'answer', 40)).toMatch(/^(word )+answer( word)*$/)
    expect(around('x'.repeat(5000).replace(/^(x{2500})/, '$142'), '42', 40)).toBe('42')
  })

  it('always contains the answer, and respects the limit unless the answer is longer', () => {
    const piece = fc.constantFrom('a', 'bc ', '. ', '\n', '\n\n', '🦊', 'は', '。')
    const texts = fc.array(piece, { minLength: 1, maxLength: 120 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(texts, fc.nat(), fc.nat(8), fc.integer({ min: 1, max: 60 }), (text, at, length, most) => {
        const start = at % text.length
        const span = { start, end: Math.min(text.length, start + 1 + length) }
        const passage = passageAround(text, span, most)
        expect(passage.end - passage.start).toBeLessThanOrEqual(Math.max(most, span.end - span.start))
        const answer = text.slice(span.start, span.end).trim()
        expect(text.slice(passage.start, passage.end)).toContain(answer)
      }),
      { numRuns: 2000 },
    )
  })
})
