import { describe, expect, it } from 'vitest'
import { type ErrorEvidence, errorClass, sentenceAt, sentenceStarts } from './error-class.ts'

const context =
  'John Smith met four friends in Paris in May. The 4 friends left for Rome. Anna Bell stayed in Paris until June 1990.'
const whole = [{ start: 0, end: context.length }]

/** The span of a text in the context (default: its first occurrence). */
const at = (text: string, nth = 0) => {
  let start = context.indexOf(text)
  for (let i = 0; i < nth; i++) start = context.indexOf(text, start + 1)
  return { text, start }
}
const span = (text: string, nth = 0) => {
  const { start } = at(text, nth)
  return { start, end: start + text.length }
}
const silence = { start: 0, end: 0 }

const classOf = (question: Partial<ErrorEvidence>) =>
  errorClass({
    context,
    sentences: sentenceStarts(context),
    answers: [at('John Smith')],
    windows: whole,
    prediction: span('John Smith'),
    exact_match: false,
    ...question,
  })

describe('an exact match', () => {
  it('is correct if it overlaps a labeled answer', () => {
    expect(classOf({ exact_match: true })).toBe('correct')
    expect(classOf({ exact_match: true, answers: [at('Rome'), at('John Smith')] })).toBe('correct')
  })

  it('is the same text elsewhere if it overlaps none', () => {
    expect(classOf({ answers: [at('Paris')], prediction: span('Paris', 1), exact_match: true })).toBe(
      'same_text_elsewhere',
    )
  })

  it('is correct if no labeled answer is at its position, or if the right answer is ""', () => {
    expect(classOf({ answers: [{ text: 'John Smith', start: 7 }], exact_match: true })).toBe('correct')
    expect(classOf({ answers: [], prediction: silence, exact_match: true })).toBe('correct')
  })
})

describe('a wrong answer', () => {
  it('answers an unanswerable question', () => {
    expect(classOf({ answers: [] })).toBe('answered_without_answer')
  })

  it('has a doubtful label if no labeled answer is at its position', () => {
    expect(classOf({ answers: [{ text: 'Rome', start: 3 }] })).toBe('label_doubtful')
    expect(classOf({ answers: [{ text: '', start: 3 }] })).toBe('label_doubtful')
  })

  it('has a doubtful label if it differs from it only in spelling', () => {
    expect(classOf({ answers: [at('four')], prediction: span('4') })).toBe('label_doubtful')
  })

  it('has a doubtful label if the labeled answers share no word', () => {
    const answers = [at('Rome'), at('Anna Bell')]
    expect(classOf({ answers })).toBe('label_doubtful')
    expect(classOf({ answers: [...answers, at('Anna')] })).not.toBe('label_doubtful')
  })

  it('is cut by a window if no window contains the whole answer', () => {
    const cut = [
      { start: 0, end: 7 },
      { start: 5, end: context.length },
    ]
    expect(classOf({ windows: cut, prediction: span('Smith') })).toBe('cut_by_window')
    expect(classOf({ windows: cut, prediction: silence })).toBe('cut_by_window')
    expect(classOf({ windows: [...cut, { start: 0, end: 10 }], prediction: span('Smith') })).toBe('too_narrow')
  })

  it('is "" although there is an answer', () => {
    expect(classOf({ prediction: silence })).toBe('silent_with_answer')
  })

  it('is too wide, too narrow, or shifted', () => {
    expect(classOf({ prediction: span('John Smith met') })).toBe('too_wide')
    expect(classOf({ prediction: span('Smith') })).toBe('too_narrow')
    expect(classOf({ prediction: span('Smith met') })).toBe('overlapping')
  })

  it('is compared with the labeled answer of greatest overlap', () => {
    const answers = [at('John'), at('John Smith met four friends')]
    expect(classOf({ answers, prediction: span('John Smith met four') })).toBe('too_narrow')
  })

  it('is elsewhere in the right sentence, regardless of its kind', () => {
    expect(classOf({ prediction: span('met') })).toBe('same_sentence')
    expect(classOf({ prediction: span('Paris') })).toBe('same_sentence')
  })

  it('is of the right kind in another sentence, unless the kind is "phrase"', () => {
    expect(classOf({ prediction: span('Rome') })).toBe('right_kind_elsewhere')
    expect(classOf({ answers: [at('May')], prediction: span('June 1990') })).toBe('right_kind_elsewhere')
    expect(classOf({ answers: [at('friends')], prediction: span('stayed') })).toBe('wrong_sentence')
  })

  it('is something else in another sentence', () => {
    expect(classOf({ prediction: span('stayed') })).toBe('wrong_sentence')
  })
})

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
