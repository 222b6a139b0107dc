import { describe, expect, it } from 'vitest'
import { breakdown } from './breakdown.ts'
import { groupsOf, questionWord } from './dimensions.ts'

const words = (n: number) => Array.from({ length: n }, () => 'word').join(' ')
const groups = (answer: { text: string; start: number } | undefined, contextWords = 10, windows = 1) =>
  groupsOf({ question: 'Who?', context: words(contextWords), answers: answer ? [answer] : [], windows })

describe('groups', () => {
  it.each([
    [1, '1'],
    [3, '3'],
    [5, '4 to 5'],
    [6, '6 to 10'],
    [21, '21 or more'],
    [500, '21 or more'],
  ])('an answer of %i words', (n, label) => {
    expect(groups({ text: words(n), start: 0 }, 600).answer_words).toBe(label)
  })

  it('by the length of the context and the number of windows', () => {
    expect(groups(undefined, 0).context_words).toBe('0 to 49')
    expect(groups(undefined, 150).context_words).toBe('150 to 199')
    expect(groups(undefined, 500).context_words).toBe('500 or more')
    expect([1, 2, 4, 9].map((n) => groups(undefined, 10, n).windows)).toEqual(['1', '2', '3 to 4', '9 or more'])
  })

  it('by the start of the answer, limited to the end of the context', () => {
    const position = (start: number) => groups({ text: 'word', start }, 20).answer_position
    expect([0, 50, 98, 400].map(position)).toEqual(['0 to 20 %', '40 to 60 %', '80 to 100 %', '80 to 100 %'])
  })

  it('a question without an answer', () => {
    const { answer_kind, answer_words, answer_position } = groups(undefined)
    expect([answer_kind, answer_words, answer_position]).toEqual(['no answer', 'no answer', 'no answer'])
  })
})

describe('a breakdown', () => {
  const question = (label: Partial<ReturnType<typeof groups>>, exact_match: number, f1: number) => ({
    groups: { ...groups(undefined), ...label },
    exact_match,
    f1,
  })
  const many = (count: number, label: Partial<ReturnType<typeof groups>>) =>
    Array.from({ length: count }, (_, i) => question(label, i % 2, i % 2 ? 1 : 0.5))

  it('sorts kinds by count with the catch-all last, and lengths in ascending order', () => {
    const kinds = [
      ...many(5, { question_word: 'other' }),
      ...many(2, { question_word: 'who' }),
      ...many(3, { question_word: 'why' }),
    ]
    expect(breakdown('question_word', kinds).groups.map(({ label }) => label)).toEqual(['why', 'who', 'other'])
    const lengths = [
      ...many(2, { answer_words: '21 or more' }),
      ...many(1, { answer_words: 'no answer' }),
      ...many(1, { answer_words: '3' }),
    ]
    expect(breakdown('answer_words', lengths).groups.map(({ label }) => label)).toEqual([
      '3',
      '21 or more',
      'no answer',
    ])
  })

  it('computes means in percent with intervals, except for small groups', () => {
    const [large, small] = breakdown('question_word', [
      ...many(40, { question_word: 'who' }),
      ...many(4, { question_word: 'why' }),
    ]).groups
    expect(large).toMatchObject({ count: 40, uncertain: false, exact_match: { mean: 50 }, f1: { mean: 75 } })
    expect(large.f1.low).toBeGreaterThan(60)
    expect(large.f1.low).toBeLessThan(75)
    expect(large.f1.high).toBeGreaterThan(75)
    expect(small).toEqual({ label: 'why', count: 4, uncertain: true, exact_match: { mean: 50 }, f1: { mean: 75 } })
  })
})

it.each([
  ['Who wrote it?', 'who'],
  ['To whom was it sent?', 'who'],
  ['Whose house is it?', 'who'],
  ["What's the name?", 'what'],
  ['In what year did they win?', 'what'],
  ['Since WHEN?', 'when'],
  ['Along with coal, which fuels burn?', 'which'],
  ['Why?', 'why'],
  ['How many people died?', 'how many'],
  ['How  much is it?', 'how much'],
  ['How did they do it?', 'how'],
  ['Somehow they won: name the team', 'other'],
  ['Whatever happened?', 'other'],
  ['', 'other'],
])('%s asks with %s', (question, word) => {
  expect(questionWord(question)).toBe(word)
})
