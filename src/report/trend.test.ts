import { describe, expect, test } from 'vitest'
import { miniLmRun, notebookRun } from '../../tests/sample-runs.ts'
import { evaluations } from './history.ts'
import { overfitting, trends } from './trend.ts'

/** Points from pairs of training and validation loss. */
const points = (...losses: [train: number | undefined, validation: number][]) =>
  losses.map(([train_loss, eval_loss], i) => ({ epoch: i + 1, step: 10 * (i + 1), train_loss, eval_loss }))

describe('trends', () => {
  test('the notebook: initial learning, training improves while validation worsens, overfitting', () => {
    expect(trends(evaluations(notebookRun.log_history))).toEqual([
      'initial learning',
      'training improves, validation worsens',
      'overfitting',
    ])
  })

  test('MiniLM: both improve, then the first sign', () => {
    expect(trends(evaluations(miniLmRun.log_history))).toEqual([
      'initial learning',
      'both improve',
      'training improves, validation worsens',
    ])
  })

  test('every direction has its words, and overfitting ends when the validation loss falls again', () => {
    expect(trends(points([3, 3], [2, 4], [1, 5], [0.9, 4], [2, 3], [3, 4]))).toEqual([
      'initial learning',
      'training improves, validation worsens',
      'overfitting',
      'both improve',
      'validation improves, training worsens',
      'both worsen',
    ])
  })

  test('without a training log only the validation is judged', () => {
    expect(trends(points([undefined, 3], [undefined, 2], [1, 4]))).toEqual([
      'initial learning',
      'validation improves',
      'validation worsens',
    ])
  })
})

describe('overfitting', () => {
  test('is found in the notebook since epoch 1', () => {
    const found = overfitting(evaluations(notebookRun.log_history))
    expect(found).toMatchObject({ best: { epoch: 1 }, last: { epoch: 3 }, evaluationsSince: 2, stillRising: [] })
  })

  test('is a first sign in the MiniLM run, whose scores still rise', () => {
    const found = overfitting(evaluations(miniLmRun.log_history))
    expect(found).toMatchObject({ best: { epoch: 2 }, evaluationsSince: 1, stillRising: ['exact_match', 'f1'] })
  })

  test('is not named when the validation loss is lowest at the end', () => {
    expect(overfitting(points([3, 3], [2, 3.5], [1, 2.9]))).toBeUndefined()
  })

  test('is not named when the training loss stopped falling too, or was never logged, or nothing was', () => {
    expect(overfitting(points([1, 2], [1.5, 3]))).toBeUndefined()
    expect(overfitting(points([undefined, 2], [undefined, 3]))).toBeUndefined()
    expect(overfitting([])).toBeUndefined()
  })
})
