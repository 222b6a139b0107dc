import { describe, expect, it } from 'vitest'
import { type ErrorEvidence, errorClass } from './error-class.ts'
import { sentenceStarts } from './sentences.ts'

const context =
  'John Smith met four friends in Paris in May. The 4 friends left for Rome. Anna Bell stayed in Paris until June 1990.'
const whole = [{ start: 0, end: context.length }]

/** The place of a text in the context, by default its first. */
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
  it('is correct where it meets a given answer', () => {
    expect(classOf({ exact_match: true })).toBe('correct')
    expect(classOf({ exact_match: true, answers: [at('Rome'), at('John Smith')] })).toBe('correct')
  })

  it('is the same text elsewhere where it meets none', () => {
    expect(classOf({ answers: [at('Paris')], prediction: span('Paris', 1), exact_match: true })).toBe(
      'same_text_elsewhere',
    )
  })

  it('is correct where no given answer stands where it says, or nothing was to be said', () => {
    expect(classOf({ answers: [{ text: 'John Smith', start: 7 }], exact_match: true })).toBe('correct')
    expect(classOf({ answers: [], prediction: silence, exact_match: true })).toBe('correct')
  })
})

describe('a wrong answer', () => {
  it('was given although there is none', () => {
    expect(classOf({ answers: [] })).toBe('answered_without_answer')
  })

  it('may be the fault of a label that does not stand where it says', () => {
    expect(classOf({ answers: [{ text: 'Rome', start: 3 }] })).toBe('label_doubtful')
    expect(classOf({ answers: [{ text: '', start: 3 }] })).toBe('label_doubtful')
  })

  it('may be the given one in another spelling', () => {
    expect(classOf({ answers: [at('four')], prediction: span('4') })).toBe('label_doubtful')
  })

  it('may be wrong by labels that do not agree with each other', () => {
    const answers = [at('Rome'), at('Anna Bell')]
    expect(classOf({ answers })).toBe('label_doubtful')
    expect(classOf({ answers: [...answers, at('Anna')] })).not.toBe('label_doubtful')
  })

  it('could not be right where no window holds the answer whole', () => {
    const cut = [
      { start: 0, end: 7 },
      { start: 5, end: context.length },
    ]
    expect(classOf({ windows: cut, prediction: span('Smith') })).toBe('cut_by_window')
    expect(classOf({ windows: cut, prediction: silence })).toBe('cut_by_window')
    expect(classOf({ windows: [...cut, { start: 0, end: 10 }], prediction: span('Smith') })).toBe('too_narrow')
  })

  it('is silence where there is an answer', () => {
    expect(classOf({ prediction: silence })).toBe('silent_with_answer')
  })

  it('is too wide, too narrow, or shifted', () => {
    expect(classOf({ prediction: span('John Smith met') })).toBe('too_wide')
    expect(classOf({ prediction: span('Smith') })).toBe('too_narrow')
    expect(classOf({ prediction: span('Smith met') })).toBe('overlapping')
  })

  it('is measured by the given answer that it shares most with', () => {
    const answers = [at('John'), at('John Smith met four friends')]
    expect(classOf({ answers, prediction: span('John Smith met four') })).toBe('too_narrow')
  })

  it('lies elsewhere in the right sentence, of whatever kind', () => {
    expect(classOf({ prediction: span('met') })).toBe('same_sentence')
    expect(classOf({ prediction: span('Paris') })).toBe('same_sentence')
  })

  it('is of the right kind in another sentence; a phrase is no kind', () => {
    expect(classOf({ prediction: span('Rome') })).toBe('right_kind_elsewhere')
    expect(classOf({ answers: [at('May')], prediction: span('June 1990') })).toBe('right_kind_elsewhere')
    expect(classOf({ answers: [at('friends')], prediction: span('stayed') })).toBe('wrong_sentence')
  })

  it('is something else in another sentence', () => {
    expect(classOf({ prediction: span('stayed') })).toBe('wrong_sentence')
  })
})
