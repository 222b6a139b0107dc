import { describe, expect, test } from 'vitest'
import { notebookRun } from '../../../tests/sample-runs.ts'
import { bestPoint, evaluations, lowestLoss, placeOf } from './history.ts'

describe('the history of a run', () => {
  test('leaves out the final evaluation of the best model', () => {
    expect(evaluations(notebookRun.log_history)).toEqual([
      { epoch: 1, step: 193, train_loss: 1.1314, eval_loss: 1.647568, exact_match: undefined, f1: undefined },
      { epoch: 2, step: 386, train_loss: 0.6137, eval_loss: 1.805327, exact_match: undefined, f1: undefined },
      { epoch: 3, step: 579, train_loss: 0.4221, eval_loss: 1.865861, exact_match: undefined, f1: undefined },
    ])
  })

  test('averages the training loss over the steps of an epoch for any logging interval', () => {
    const log = [
      { epoch: 0.4, step: 4, loss: 3 },
      { epoch: 0.8, step: 8, loss: 2 },
      { epoch: 1, step: 10, eval_loss: 2 },
      // Steps 9 to 12: half of them are in each epoch, so the entry counts for neither.
      { epoch: 1.2, step: 12, loss: 100 },
      { epoch: 1.9, step: 19, loss: 1 },
      { epoch: 2, step: 20, eval_loss: 2 },
    ]
    expect(evaluations(log).map(({ train_loss }) => train_loss)).toEqual([2.5, 1])
  })

  test('does not attribute a log entry that spans several epochs to one of them', () => {
    const log = [
      { epoch: 1, step: 193, eval_loss: 2 },
      { epoch: 2, step: 386, eval_loss: 1.9 },
      { epoch: 2.59, step: 500, loss: 2.2 },
      { epoch: 3, step: 579, eval_loss: 1.8 },
    ]
    expect(evaluations(log).map(({ train_loss }) => train_loss)).toEqual([undefined, undefined, undefined])
  })

  test("takes the run's own best point, or else the one with the lowest validation loss", () => {
    expect(bestPoint(notebookRun)?.epoch).toBe(1)
    expect(bestPoint({ ...notebookRun, best: { metric: 'eval_f1', value: 1, step: 579, loaded: false } })?.epoch).toBe(
      3,
    )
    expect(bestPoint({ log_history: [] })).toBeUndefined()
  })

  test('ignores NaN when looking for the lowest loss', () => {
    const points = [Number.NaN, 2, 3].map((eval_loss, i) => ({ epoch: i + 1, step: i + 1, eval_loss }))
    expect(lowestLoss(points)?.epoch).toBe(2)
    expect(lowestLoss(points.slice(0, 1))).toBeUndefined()
  })

  test('describes a position as an epoch, or as a step within an epoch', () => {
    expect(placeOf({ epoch: 2, step: 386 })).toBe('epoch 2')
    expect(placeOf({ epoch: 1.2953, step: 250 })).toBe('step 250 (epoch 1.30)')
  })
})
