import { expect, test } from 'vitest'
import { StepPoints } from './step-points.ts'

const result = (loss: number) => ({ loss, grad_norm: 2, learning_rate: 1e-4, samples: 4, tokens: 100, taken: true })

test('in a short run each step is a point', () => {
  const points = new StepPoints()
  points.begin(12)
  points.add(1, 0.5, result(3), 0.25)
  points.add(2, 1, result(2), 0.25)
  expect(points.take(7, { unfinished: false })).toEqual({
    step: [1, 2],
    epoch: [0.5, 1],
    loss: [3, 2],
    grad_norm: [2, 2],
    learning_rate: [1e-4, 1e-4],
    samples: [4, 4],
    tokens: [100, 100],
    seconds: [0.25, 0.25],
    memory: [7, 7],
  })
  expect(points.take(7, { unfinished: true })).toBeUndefined()
})

test('in a run of 100,000 steps a point is the mean of 25 steps', () => {
  const points = new StepPoints()
  points.begin(100_000)
  for (let step = 1; step <= 60; step++) points.add(step, step / 100, result(step <= 25 ? 4 : 2), 0.1)
  const taken = points.take(1, { unfinished: false })!
  expect(taken.step).toEqual([25, 50])
  expect(taken.loss).toEqual([4, 2])
  expect(taken.samples).toEqual([100, 100])
  expect(taken.seconds[0]).toBeCloseTo(2.5)
  expect(points.take(1, { unfinished: true })?.step).toEqual([60])
})

test('a non-finite loss is a gap and excluded from means', () => {
  const points = new StepPoints()
  points.begin(8000)
  points.add(1, 0, result(Number.NaN), 1)
  points.add(2, 0, result(3), 1)
  points.add(3, 0, { ...result(Number.NaN), grad_norm: Number.POSITIVE_INFINITY }, 1)
  points.add(4, 0, { ...result(Number.NaN), grad_norm: Number.POSITIVE_INFINITY }, 1)
  expect(points.take(1, { unfinished: false })).toMatchObject({ step: [2, 4], loss: [3, null], grad_norm: [2, null] })
})
