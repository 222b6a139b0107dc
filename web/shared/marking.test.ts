import { describe, expect, it } from 'vitest'
import type { TextSpan } from '../../src/squad/types.ts'
import { moved, occurrences, trimmed } from './marking.ts'

const text = 'In 1902, Ana O’Neill-Ray opened “The 🦊 Inn” near Lund.'
const spanOf = (words: string): TextSpan => ({ start: text.indexOf(words), end: text.indexOf(words) + words.length })
const shown = (span: TextSpan | undefined) => span && text.slice(span.start, span.end)
const press = (from: string, key: string, { shiftKey = false, altKey = false } = {}) =>
  shown(moved(text, spanOf(from), { key, shiftKey, altKey }))

describe('marking by keyboard', () => {
  it('moves word by word with the arrow keys, with names as single words', () => {
    expect(press('1902', 'ArrowRight')).toBe(',')
    expect(press('Ana', 'ArrowRight')).toBe('O’Neill-Ray')
    expect(press('O’Neill-Ray', 'ArrowRight')).toBe('opened')
    expect(press('opened', 'ArrowLeft')).toBe('O’Neill-Ray')
  })

  it('stops at the first and last word', () => {
    expect(press('In', 'ArrowLeft')).toBe('In')
    expect(press('.', 'ArrowRight')).toBe('.')
  })

  it('extends or shrinks by a word with Shift, to at least one word', () => {
    expect(press('Ana', 'ArrowRight', { shiftKey: true })).toBe('Ana O’Neill-Ray')
    expect(press('Ana O’Neill-Ray', 'ArrowLeft', { shiftKey: true })).toBe('Ana')
    expect(press('Ana', 'ArrowLeft', { shiftKey: true })).toBe('Ana')
  })

  it('extends or shrinks by a whole character with Shift and Alt', () => {
    const keys = { shiftKey: true, altKey: true }
    expect(press('Ana', 'ArrowRight', keys)).toBe('Ana O')
    expect(press('Ana', 'ArrowLeft', keys)).toBe('An')
    expect(press('The', 'ArrowRight', keys)).toBe('The 🦊')
    expect(press('The 🦊', 'ArrowLeft', keys)).toBe('The')
  })

  it('ignores other keys', () => {
    expect(press('Ana', 'Tab')).toBeUndefined()
  })
})

describe('a span marked with the mouse', () => {
  it('is trimmed and can be selected backwards', () => {
    expect(shown(trimmed(text, { start: text.indexOf(' opened'), end: text.indexOf('“') }))).toBe('opened')
    expect(shown(trimmed(text, { start: text.indexOf(' opened') + 7, end: text.indexOf(' opened') }))).toBe('opened')
  })

  it('includes whole surrogate pairs', () => {
    const fox = text.indexOf('🦊')
    expect(shown(trimmed(text, { start: fox + 1, end: fox + 2 }))).toBe('🦊')
    expect(shown(trimmed(text, { start: fox, end: fox + 1 }))).toBe('🦊')
  })

  it('is undefined for whitespace only', () => {
    expect(trimmed(text, { start: 2, end: 3 })).toBeUndefined()
    expect(trimmed(text, { start: 5, end: 5 })).toBeUndefined()
  })
})

describe('finding words in the text', () => {
  it('ignores case and differences in whitespace, and matches special characters literally', () => {
    expect(occurrences('a.b A.B axb', 'a.b')).toEqual([
      { start: 0, end: 3 },
      { start: 4, end: 7 },
    ])
    expect(occurrences('New\n York', 'new york')).toEqual([{ start: 0, end: 9 }])
    expect(occurrences('x(y', '(')).toEqual([{ start: 1, end: 2 }])
  })

  it('finds nothing for an empty query, and stops at the limit', () => {
    expect(occurrences(text, ' ')).toEqual([])
    expect(occurrences('aaaa', 'a', 3)).toHaveLength(3)
  })
})
