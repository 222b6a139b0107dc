import { describe, expect, it } from 'vitest'
import { sampleEvaluation } from '../../tests/sample-analysis.ts'
import { analyze } from './analyze.ts'
import { breakdown } from './breakdown.ts'
import { errorClasses } from './error-class.ts'

const input = sampleEvaluation(120)
const analysis = analyze(input)

describe('an analysis', () => {
  it('assigns each question to exactly one class, with examples of every class', () => {
    expect(analysis.classes.map((summary) => summary.class)).toEqual(errorClasses)
    expect(analysis.classes.map(({ count }) => count)).toEqual(errorClasses.map(() => 10))
  })

  it('names up to three examples of each class, the most confident first', () => {
    for (const summary of analysis.classes) {
      const examples = summary.examples.map((index) => analysis.questions[index])
      expect(examples.map((question) => question.class)).toEqual([summary.class, summary.class, summary.class])
      const confidences = analysis.questions.filter((q) => q.class === summary.class).map((q) => q.confidence)
      expect(examples.map(({ confidence }) => confidence)).toEqual(confidences.sort((a, b) => b - a).slice(0, 3))
    }
  })

  it('counts every question once in each breakdown', () => {
    for (const { groups } of analysis.breakdowns)
      expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(input.examples.length)
  })

  it('uses the overall interval for a group of all questions', () => {
    const questions = analysis.questions.map((q) => ({ ...q, groups: { ...q.groups, windows: 'one' } }))
    const [group] = breakdown('windows', questions).groups
    expect(group).toMatchObject({ label: 'one', count: 120, exact_match: analysis.overall.exact_match })
    // The F1 of a question is rounded to six digits.
    expect(group.f1.high).toBeCloseTo(analysis.overall.f1.high, 4)
  })

  it('agrees with the input scores', () => {
    const mean = (key: 'exact_match' | 'f1') => (100 * input.scores.reduce((sum, q) => sum + q[key], 0)) / 120
    expect(analysis.overall.exact_match.mean).toBeCloseTo(mean('exact_match'), 10)
    expect(analysis.overall.f1.mean).toBeCloseTo(mean('f1'), 10)
    expect(analysis.overall.exact_match.low).toBeLessThan(mean('exact_match'))
    expect(analysis.overall).toMatchObject({ questions: 120, windows: 130, loss: 1.25 })
  })

  it('stores each context once, with candidates inside it', () => {
    const keys = analysis.contexts.map(({ title, text }) => `${title}\n${text}`)
    expect(new Set(keys).size).toBe(keys.length)
    for (const [i, { context, candidates }] of analysis.questions.entries()) {
      expect(analysis.contexts[context].text).toBe(input.examples[i].context)
      const { start, end } = candidates[0]
      expect(analysis.contexts[context].text.slice(start, end)).toBe(input.answers[i].candidates[0].answer)
    }
  })

  it('survives a round trip through JSON', () => {
    expect(JSON.parse(JSON.stringify(analysis))).toEqual(analysis)
  })
})

it('works without loss and calibration', () => {
  const { overall, confidence, questions } = analyze({ ...input, loss: undefined, calibrated: undefined })
  expect(overall.loss).toBeUndefined()
  expect(confidence.calibrated).toBeUndefined()
  expect(questions[0].calibrated_confidence).toBeUndefined()
})

it('rejects an evaluation without questions or with missing answers or scores', () => {
  expect(() => analyze(sampleEvaluation(0))).toThrow('no questions')
  expect(() => analyze({ ...input, scores: input.scores.slice(1) })).toThrow('119 scores for 120 questions')
  expect(() => analyze({ ...input, answers: [] })).toThrow('0 answers for 120 questions')
})
