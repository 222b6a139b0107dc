import { noSteps, type RunRecord, type StepColumns } from '../src/dashboard/records.ts'

/** Points of steps `from` to `to`, with six steps per epoch and one second per step. */
export function stepsRecord(from: number, to: number): RunRecord {
  const columns: StepColumns = noSteps()
  for (let step = from; step <= to; step++) {
    const point = { step, epoch: step / 6, loss: 5 / step, grad_norm: 2, learning_rate: 1e-3, samples: 4, tokens: 100 }
    for (const [name, value] of Object.entries({ ...point, seconds: 1, memory: 1e8 }))
      columns[name as keyof StepColumns].push(value)
  }
  return { type: 'steps', ...columns }
}

export const evaluateRecord = (step: number, is_best: boolean): RunRecord => ({
  type: 'evaluate',
  entry: { step, epoch: step / 6, eval_loss: 4 - step / 6, eval_exact_match: 50, eval_f1: 60, eval_runtime: 3 },
  is_best,
  predictions: [{ id: 'q1', start: 0, end: 2, score: 0.5, exact_match: 1, f1: 1 }],
})

export const startRecord = (step = 0): RunRecord => ({
  type: 'start',
  at: 1000,
  step,
  max_steps: 12,
  steps_per_epoch: 6,
  log_history: [],
  best_step: null,
})
