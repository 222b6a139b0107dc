import { describe, expect, it } from 'vitest'
import type { AnalyzedQuestion } from '../types.ts'
import { type Filter, fromHash, QuestionFinder, toHash } from './filter.ts'

const groups = {
  question_word: 'who',
  answer_kind: 'name',
  answer_words: '1',
  context_words: '0 to 49',
  windows: '1',
  answer_position: '0 to 20 %',
}
const base: AnalyzedQuestion = {
  id: 'q0',
  context: 0,
  question: 'Who won?',
  answers: [{ text: 'Ann', start: 0 }],
  candidates: [{ start: 0, end: 3, score: 0.9 }],
  windows: [{ start: 0, end: 12 }],
  exact_match: 1,
  f1: 1,
  confidence: 0.9,
  class: 'correct',
  groups,
}
const questions: AnalyzedQuestion[] = [
  base,
  { ...base, id: 'q1', exact_match: 0, f1: 0.5, confidence: 0.5, class: 'too_wide' },
  {
    ...base,
    id: 'q2',
    context: 1,
    question: 'When?',
    exact_match: 0,
    f1: 0,
    confidence: 0.7,
    class: 'wrong_sentence',
    groups: { ...groups, question_word: 'when', answer_kind: 'date' },
  },
]
const finder = new QuestionFinder({
  questions,
  contexts: [{ title: 'Race', text: 'Ann won.' }, { text: 'In 1990 İT rained.' }],
})

describe('a filter', () => {
  const cases: [Filter, number[]][] = [
    [{}, [0, 1, 2]],
    [{ result: 'right' }, [0]],
    [{ result: 'wrong' }, [1, 2]],
    [{ class: 'too_wide' }, [1]],
    [{ question_word: 'when' }, [2]],
    [{ answer_kind: 'name' }, [0, 1]],
    [{ answer_kind: 'name', result: 'wrong' }, [1]],
    [{ from: '50', to: '70' }, [1, 2]],
    [{ from: '70.1' }, [0]],
    [{ to: '0' }, []],
    [{ text: 'RACE' }, [0, 1]],
    [{ text: '1990 when' }, [2]],
    [{ text: 'q1' }, [1]],
    [{ text: 'when', question_word: 'who' }, []],
    [{ sort: 'surest' }, [0, 2, 1]],
    [{ sort: 'unsurest' }, [1, 2, 0]],
    [{ sort: 'worst', result: 'wrong' }, [2, 1]],
  ]
  it.each(cases)('%j finds %j', (filter, found) => {
    expect(finder.find(filter)).toEqual(found)
  })
})

describe('the address', () => {
  it('stores any filter', () => {
    const filter = { text: 'a&b=c #50 % é', question_word: 'how many', from: '10' }
    expect(fromHash(`#${toHash(filter)}`)).toEqual(filter)
  })

  it('omits empty fields and ignores unknown ones', () => {
    expect(toHash({ text: '', class: 'too_wide' })).toBe('class=too_wide')
    expect(fromHash('#class=too_wide&__proto__=x&other=1&text=')).toEqual({ class: 'too_wide' })
    expect(fromHash('')).toEqual({})
  })
})
