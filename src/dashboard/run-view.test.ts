import { expect, test } from 'vitest'
import { evaluateRecord, startRecord, stepsRecord } from '../../tests/run-records.ts'
import type { RunRecord } from './records.ts'
import { foldAll } from './run-view.ts'

const sixSteps: RunRecord[] = [
  { type: 'setup', at: 1, arguments: { seed: 42 }, questions: [] },
  startRecord(),
  stepsRecord(1, 4),
  { type: 'log', entry: { step: 4, epoch: 4 / 6, loss: 2 } },
  stepsRecord(5, 6),
  evaluateRecord(6, true),
]

test('combines the records of a run', () => {
  const view = foldAll([...sixSteps, { type: 'status', at: 5, status: 'paused' }])
  expect(view).toMatchObject({ arguments: { seed: 42 }, step: 6, max_steps: 12, best_step: 6, status: 'paused' })
  expect(view.steps.step).toEqual([1, 2, 3, 4, 5, 6])
  expect(view.steps.loss).toEqual([5, 2.5, 5 / 3, 1.25, 1, 5 / 6])
  expect(view.log.map(({ step }) => step)).toEqual([4, 6])
  expect(view.evaluations).toMatchObject([{ step: 6, epoch: 1, predictions: [{ id: 'q1', exact_match: 1 }] }])
})

test('keeps the best step after a worse evaluation', () => {
  expect(foldAll([...sixSteps, evaluateRecord(12, false)]).best_step).toBe(6)
})

test('discards records after the checkpoint of a resumed run and continues its curves', () => {
  const log_history = [{ step: 4, epoch: 4 / 6, loss: 2 }]
  const again = { ...startRecord(4), log_history } as RunRecord
  const view = foldAll([...sixSteps, again])
  expect(view).toMatchObject({ step: 4, first_step: 4, log: log_history, evaluations: [], best_step: null })
  expect(view.steps.step).toEqual([1, 2, 3, 4])
  const whole = foldAll([...sixSteps, again, stepsRecord(5, 12)])
  expect(whole.steps.step).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  expect(Object.values(whole.steps).map(({ length }) => length)).toEqual(Array(9).fill(12))
})

test('discards everything when a run starts over', () => {
  const view = foldAll([...sixSteps, startRecord(0)])
  expect(view).toMatchObject({ step: 0, log: [], evaluations: [] })
  expect(view.steps.step).toEqual([])
})
