import { describe, expect, test } from 'vitest'
import { miniLmRun, notebookRun } from '../../../tests/sample-runs.ts'
import { evaluations } from './history.ts'
import { overfitting, trends } from './trend.ts'

/** Creates points from pairs of training and validation loss. */
const points = (...losses: [train: number | undefined, validation: number][]) =>
  losses.map(([train_loss, eval_loss], i) => ({ epoch: i + 1, step: 10 * (i + 1), train_loss, eval_loss }))

describe('trends', () => {
  test('of the notebook are initial learning, validation worsens, overfitting', () => {
    expect(trends(evaluations(notebookRun.log_history))).toEqual([
      'initial learning',
      'training improves, validation worsens',
      'overfitting',
    ])
  })

  test('of the MiniLM run end with validation worsens, a first sign of overfitting', () => {
    expect(trends(evaluations(miniLmRun.log_history))).toEqual([
      'initial learning',
      'both improve',
      'training improves, validation worsens',
    ])
  })

  test('describe every direction, and overfitting ends when the validation loss falls again', () => {
    expect(trends(points([3, 3], [2, 4], [1, 5], [0.9, 4], [2, 3], [3, 4]))).toEqual([
      'initial learning',
      'training improves, validation worsens',
      'overfitting',
      'both improve',
      'validation improves, training worsens',
      'both worsen',
    ])
  })

  test('depend only on the validation loss without a training log', () => {
    expect(trends(points([undefined, 3], [undefined, 2], [1, 4]))).toEqual([
      'initial learning',
      'validation improves',
      'validation worsens',
    ])
  })
})

describe('overfitting', () => {
  test('is detected in the notebook since epoch 1', () => {
    const found = overfitting(evaluations(notebookRun.log_history))
    expect(found).toMatchObject({ best: { epoch: 1 }, last: { epoch: 3 }, evaluationsSince: 2, stillRising: [] })
  })

  test('is a first sign in the MiniLM run, while the scores still rise', () => {
    const found = overfitting(evaluations(miniLmRun.log_history))
    expect(found).toMatchObject({ best: { epoch: 2 }, evaluationsSince: 1, stillRising: ['exact_match', 'f1'] })
  })

  test('is not reported if the validation loss is lowest at the end', () => {
    expect(overfitting(points([3, 3], [2, 3.5], [1, 2.9]))).toBeUndefined()
  })

  test('is not reported if the training loss did not fall or was not logged, or without evaluations', () => {
    expect(overfitting(points([1, 2], [1.5, 3]))).toBeUndefined()
    expect(overfitting(points([undefined, 2], [undefined, 3]))).toBeUndefined()
    expect(overfitting([])).toBeUndefined()
  })
})
