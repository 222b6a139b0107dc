import { describe, expect, it } from 'vitest'
import { moved, occurrences, type Span, trimmed } from './marking.ts'

const text = 'In 1902, Ana O’Neill-Ray opened “The 🦊 Inn” near Lund.'
const spanOf = (words: string): Span => ({ start: text.indexOf(words), end: text.indexOf(words) + words.length })
const shown = (span: Span | undefined) => span && text.slice(span.start, span.end)
const press = (from: string, key: string, { shiftKey = false, altKey = false } = {}) =>
  shown(moved(text, spanOf(from), { key, shiftKey, altKey }))

describe('marking by keyboard', () => {
  it('goes from word to word with the arrows, taking names as one word', () => {
    expect(press('1902', 'ArrowRight')).toBe(',')
    expect(press('Ana', 'ArrowRight')).toBe('O’Neill-Ray')
    expect(press('O’Neill-Ray', 'ArrowRight')).toBe('opened')
    expect(press('opened', 'ArrowLeft')).toBe('O’Neill-Ray')
  })

  it('stays at the first and the last word', () => {
    expect(press('In', 'ArrowLeft')).toBe('In')
    expect(press('.', 'ArrowRight')).toBe('.')
  })

  it('takes in a word more or less with Shift, and keeps one', () => {
    expect(press('Ana', 'ArrowRight', { shiftKey: true })).toBe('Ana O’Neill-Ray')
    expect(press('Ana O’Neill-Ray', 'ArrowLeft', { shiftKey: true })).toBe('Ana')
    expect(press('Ana', 'ArrowLeft', { shiftKey: true })).toBe('Ana')
  })

  it('takes in a character more or less with Shift and Alt, whole ones only', () => {
    const keys = { shiftKey: true, altKey: true }
    expect(press('Ana', 'ArrowRight', keys)).toBe('Ana O')
    expect(press('Ana', 'ArrowLeft', keys)).toBe('An')
    expect(press('The', 'ArrowRight', keys)).toBe('The 🦊')
    expect(press('The 🦊', 'ArrowLeft', keys)).toBe('The')
  })

  it('leaves other keys to the page', () => {
    expect(press('Ana', 'Tab')).toBeUndefined()
  })
})

describe('a span marked with the mouse', () => {
  it('loses white space at its ends and may be drawn backwards', () => {
    expect(shown(trimmed(text, { start: text.indexOf(' opened'), end: text.indexOf('“') }))).toBe('opened')
    expect(shown(trimmed(text, { start: text.indexOf(' opened') + 7, end: text.indexOf(' opened') }))).toBe('opened')
  })

  it('takes in characters whole', () => {
    const fox = text.indexOf('🦊')
    expect(shown(trimmed(text, { start: fox + 1, end: fox + 2 }))).toBe('🦊')
    expect(shown(trimmed(text, { start: fox, end: fox + 1 }))).toBe('🦊')
  })

  it('is none of white space alone', () => {
    expect(trimmed(text, { start: 2, end: 3 })).toBeUndefined()
    expect(trimmed(text, { start: 5, end: 5 })).toBeUndefined()
  })
})

describe('finding words in the text', () => {
  it('takes any case and any white space, and signs as they stand', () => {
    expect(occurrences('a.b A.B axb', 'a.b')).toEqual([
      { start: 0, end: 3 },
      { start: 4, end: 7 },
    ])
    expect(occurrences('New\n York', 'new york')).toEqual([{ start: 0, end: 9 }])
    expect(occurrences('x(y', '(')).toEqual([{ start: 1, end: 2 }])
  })

  it('finds nothing for nothing, and stops at its limit', () => {
    expect(occurrences(text, ' ')).toEqual([])
    expect(occurrences('aaaa', 'a', 3)).toHaveLength(3)
  })
})
