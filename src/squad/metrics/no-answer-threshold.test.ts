import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tuneThreshold } from './no-answer-threshold.ts'

const question = (no_answer_score: number, has_answer: boolean, score = 1) => ({ no_answer_score, has_answer, score })

test('the tuned threshold is halfway between the questions to answer and those to leave unanswered', () => {
  expect(tuneThreshold([question(2, false), question(-3, true), question(0, true), question(5, false)])).toBe(1)
})

test('it is beyond all scores if answering all questions or none is best', () => {
  expect(tuneThreshold([question(1, true), question(4, true)])).toBe(5)
  expect(tuneThreshold([question(1, false), question(4, false)])).toBe(0)
  expect(tuneThreshold([])).toBe(-1)
})

test('no threshold has a higher mean score', () => {
  const questions = fc.array(
    fc.record({
      no_answer_score: fc.integer({ min: -4, max: 4 }),
      has_answer: fc.boolean(),
      score: fc.constantFrom(0, 0.5, 1),
    }),
    { minLength: 1, maxLength: 12 },
  )
  fc.assert(
    fc.property(questions, (all) => {
      const at = (threshold: number) =>
        all.reduce((sum, { no_answer_score, has_answer, score }) => {
          const silent = no_answer_score > threshold
          return sum + (silent ? Number(!has_answer) : has_answer ? score : 0)
        }, 0)
      const best = Math.max(...Array.from({ length: 20 }, (_, i) => at(-5.5 + i / 2)))
      expect(at(tuneThreshold(all))).toBe(best)
    }),
    { numRuns: 500 },
  )
})
