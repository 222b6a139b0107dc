import { describe, expect, it } from 'vitest'
import type { AnswerResult, PredictedAnswer } from '../../../src/server/http/contract.ts'
import { choicesOf, shownAnswers, verdictOf } from './verdict.ts'

const answer = (text: string, score: number, more: Partial<PredictedAnswer> = {}): PredictedAnswer => ({
  answer: text,
  score,
  confidence: score,
  logit: 1,
  start: 0,
  end: text.length,
  context: 0,
  ...more,
})
const result = (...answers: PredictedAnswer[]): AnswerResult => ({
  answers,
  no_answer: { score: 0.1, confidence: 0.1, null_score: 0, odds: 0, threshold: 0 },
  windows: 1,
  tokens: 20,
})

describe('the verdict', () => {
  it('is the best answer if its confidence reaches the threshold', () => {
    const best = answer('Lund', 0.4)
    expect(verdictOf(result(best, answer('Oslo', 0.3)), 0.4)).toEqual({ answer: best, best, sure: 0.4 })
  })

  it('is no answer below the threshold, but includes the best one', () => {
    const best = answer('Lund', 0.4)
    expect(verdictOf(result(best), 0.41)).toEqual({ best, sure: 0.1 })
  })

  it('is no answer if the model says so, at any threshold', () => {
    const best = answer('Lund', 0.2)
    expect(verdictOf(result(answer('', 0.7), best), 0)).toEqual({ best, sure: 0.1 })
  })

  it('depends on the confidence, not on the probability of the span', () => {
    const best = answer('Lund', 0.9, { confidence: 0.5 })
    expect(verdictOf(result(best), 0.6).answer).toBeUndefined()
    expect(verdictOf(result(best), 0.5)).toEqual({ answer: best, best, sure: 0.5 })
  })

  it('is the best answer without a number if the model has no confidence', () => {
    const best = answer('Lund', 0.1, { confidence: null })
    expect(verdictOf(result(best), 0.9)).toEqual({ answer: best, best, sure: null })
  })

  it('is no answer for a text without words', () => {
    expect(verdictOf(result(answer('', 0)), 0)).toEqual({ sure: 0.1, best: undefined })
  })
})

describe('the shown answers', () => {
  const at = (start: number, end: number) => answer('x', 0.1, { start, end })

  it('do not overlap better ones, and are sorted best first', () => {
    const list = [at(10, 20), at(12, 18), answer('', 0.2), at(20, 25), at(0, 11), at(5, 9)]
    expect(shownAnswers(list, 9)).toEqual([list[0], list[2], list[3], list[5]])
  })

  it('are limited in number', () => {
    const list = [at(0, 1), at(2, 3), at(4, 5), at(6, 7)]
    expect(shownAnswers(list, 3)).toEqual(list.slice(0, 3))
  })

  it('include variants if all answers overlap', () => {
    const list = [at(10, 20), at(11, 20), at(9, 20), at(10, 19)]
    expect(shownAnswers(list, 5)).toEqual(list.slice(0, 3))
  })
})

describe('the choices', () => {
  const best = answer('Lund', 0.4)
  const second = answer('Oslo', 0.3, { start: 10, end: 14 })
  const none = answer('', 0.2, { start: 0, end: 0 })

  it('are the shown answers except the wrong and the empty one, with their index', () => {
    const readings = [{ model: 'a', answers: [best, none, second] }]
    expect(choicesOf(readings, 5, best)).toEqual([{ model: 'a', index: 2, answer: second }])
    expect(choicesOf(readings, 5).map(({ answer }) => answer)).toEqual([best, second])
  })

  it('list the same answer of several models once', () => {
    const readings = [
      { model: 'a', answers: [best] },
      { model: 'b', answers: [{ ...best, score: 0.1 }, second] },
    ]
    expect(choicesOf(readings, 5).map(({ model, answer }) => [model, answer.answer])).toEqual([
      ['a', 'Lund'],
      ['b', 'Oslo'],
    ])
  })
})
