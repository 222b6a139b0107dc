import { expect, test } from 'vitest'
import { evaluateRecord, startRecord, stepsRecord } from '../../tests/run-records.ts'
import { bestEvaluation, differingArguments, latestRates, smoothed, timeLeft, timeSpent } from './figures.ts'
import { foldAll } from './run-view.ts'

test('the remaining time includes steps at the recent speed and evaluations', () => {
  expect(timeLeft(foldAll([startRecord()]))).toBeUndefined()
  expect(timeLeft(foldAll([startRecord(), stepsRecord(1, 6)]))).toBe(6)
  // Evaluations take three seconds per six steps.
  const evaluated = foldAll([startRecord(), stepsRecord(1, 6), evaluateRecord(6, true)])
  expect(timeLeft(evaluated)).toBe(9)
  expect(timeSpent(evaluated)).toBe(9)
  expect(latestRates(evaluated)).toEqual({ samples: 4, tokens: 100 })
})

test('a resumed run counts only its own steps', () => {
  expect(timeLeft(foldAll([startRecord(6), stepsRecord(7, 8)]))).toBe(4)
})

test('the best evaluation is the one chosen by the run, else the one with the lowest loss', () => {
  const view = foldAll([startRecord(), evaluateRecord(6, true), evaluateRecord(12, false)])
  expect(bestEvaluation(view)?.step).toBe(6)
  expect(bestEvaluation({ ...view, best_step: null })?.step).toBe(12)
})

test('the moving average starts with the first value, skips gaps and uses the half-life', () => {
  expect(smoothed([4, null, 4, 4], 3)).toEqual([4, null, 4, 4])
  expect(smoothed([0, 3], 1)[1]).toBeCloseTo(2)
})

test('lists arguments that differ, except paths', () => {
  const [a, b] = [
    { seed: 42, learning_rate: 3e-5, output_dir: 'a' },
    { seed: 42, learning_rate: 1e-4, output_dir: 'b' },
  ]
  expect(differingArguments([a, b, { ...a, max_steps: 5 }])).toEqual([
    { name: 'learning_rate', values: ['3e-5', '1e-4', '3e-5'] },
    { name: 'max_steps', values: ['–', '–', '5'] },
  ])
  expect(differingArguments([a, a])).toEqual([])
})
