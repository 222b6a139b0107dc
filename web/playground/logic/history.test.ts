import { describe, expect, it } from 'vitest'
import { beginningOf, parseHistory, remembered, titleOf, type Visit, visitOf, whenOf } from './history.ts'
import { decompress } from './packed.ts'

const visit = (packed: string, at: number, questions: string[] = ['Who?']): Visit => ({
  at,
  name: 'a',
  packed,
  questions,
})

describe('the history', () => {
  it('lists the newest first and each text once', () => {
    const old = [visit('two', 2), visit('one', 1)]
    expect(remembered(old, visit('one', 3, ['Who?', 'When?']))).toEqual([
      visit('one', 3, ['Who?', 'When?']),
      visit('two', 2),
    ])
  })

  it('drops the oldest entries above the maximum number', () => {
    let history: Visit[] = []
    for (let i = 0; i < 60; i++) history = remembered(history, visit(`text ${i}`, i))
    expect(history).toHaveLength(50)
    expect(history[0]).toEqual(visit('text 59', 59))
    expect(history.at(-1)).toEqual(visit('text 10', 10))
  })

  it('drops the oldest entries above the maximum size, and texts that are larger', () => {
    const book = (name: string, at: number) => visit(name.repeat(1_000_000), at)
    const three = remembered(remembered(remembered([], book('a', 1)), book('b', 2)), book('c', 3))
    expect(three.map(({ at }) => at)).toEqual([3, 2])
    expect(remembered([], visit('x'.repeat(3_000_000), 1))).toEqual([])
  })

  it('contains the text itself', async () => {
    const { packed } = await visitOf('The text. 🦊', { at: 1, name: 'a', questions: [] })
    expect(await decompress(packed)).toBe('The text. 🦊')
  })

  it('shows the name of a text, or its first words', async () => {
    const rest = { at: 1, questions: [] }
    expect(titleOf(await visitOf('The text.', { ...rest, name: 'a.txt' }))).toBe('a.txt')
    const visit = await visitOf('\n The\n text.', { ...rest, name: '' })
    expect(titleOf(visit)).toBe('The text.')
    expect(parseHistory(JSON.stringify([visit, { ...visit, beginning: 1 }]))).toEqual([visit])
    expect(titleOf({ ...visit, beginning: undefined })).toBe('A pasted text')
  })

  it('truncates the beginning between words, and long words between characters', () => {
    expect(beginningOf('one two three '.repeat(100))).toBe(`${'one two three '.repeat(5)}…`)
    expect(beginningOf(`a${'🦊'.repeat(2000)}`)).toBe(`a${'🦊'.repeat(34)} …`)
    expect(beginningOf(`${' '.repeat(5000)}\n`)).toBe('')
  })

  it('formats times as briefly as possible', () => {
    const now = new Date(2026, 10, 26, 20)
    const shown = (...date: [number, number, number, number, number]) => whenOf(+new Date(...date), now, 'en-GB')
    expect(shown(2026, 10, 26, 9, 23)).toBe('9:23')
    expect(shown(2026, 10, 25, 9, 23)).toBe('25 Nov')
    expect(shown(2025, 10, 26, 9, 23)).toBe('26 Nov 2025')
  })

  it('ignores corrupted entries', () => {
    expect(parseHistory(JSON.stringify([visit('one', 1), { at: 2 }, null, 'x']))).toEqual([visit('one', 1)])
    for (const broken of [undefined, '', '{', '{}', 'null']) expect(parseHistory(broken)).toEqual([])
  })
})
