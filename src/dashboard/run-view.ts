import type { LogEntry } from '../training/checkpoints/state.ts'
import {
  type ArgumentValues,
  noSteps,
  type Prediction,
  type RunRecord,
  type RunStatus,
  type SetupRecord,
  type StepColumns,
  type WatchedQuestion,
} from './records.ts'

/** The state of a run according to its records so far. */
export interface RunView {
  status: RunStatus
  /** The error of a failed run, or where it was saved. */
  message?: string
  /** Time of the status. */
  status_at?: number
  arguments: ArgumentValues
  device?: string
  model?: SetupRecord['model']
  data?: SetupRecord['data']
  questions: readonly WatchedQuestion[]
  step: number
  /** Step at which the latest session started; above 0 in a resumed run. */
  first_step: number
  max_steps: number
  steps_per_epoch: number
  steps: StepColumns
  log: LogEntry[]
  best_step: number | null
  /** Predictions of each evaluation, in order. */
  evaluations: { readonly step: number; readonly epoch: number; readonly predictions: readonly Prediction[] }[]
  notes: { readonly at: number; readonly text: string }[]
}

export const emptyView = (): RunView => ({
  status: 'preparing',
  arguments: {},
  questions: [],
  step: 0,
  first_step: 0,
  max_steps: 0,
  steps_per_epoch: 0,
  steps: noSteps(),
  log: [],
  best_step: null,
  evaluations: [],
  notes: [],
})

/** Applies a record to the view. */
export function fold(view: RunView, record: RunRecord): void {
  switch (record.type) {
    case 'setup': {
      const { arguments: args, device, model, data, questions } = record
      Object.assign(view, { arguments: args, device, model, data, questions })
      return
    }
    case 'start':
      discardAfter(view, record.step)
      view.step = view.first_step = record.step
      view.max_steps = record.max_steps
      view.steps_per_epoch = record.steps_per_epoch
      view.log = [...record.log_history]
      view.best_step = record.best_step
      return
    case 'steps':
      for (const name of COLUMNS) (view.steps[name] as unknown[]).push(...record[name])
      view.step = Math.max(view.step, record.step.at(-1) ?? 0)
      return
    case 'log':
      view.log.push(record.entry)
      return
    case 'evaluate': {
      const { entry, is_best, predictions } = record
      view.log.push(entry)
      view.step = Math.max(view.step, entry.step)
      if (is_best) view.best_step = entry.step
      view.evaluations.push({ step: entry.step, epoch: entry.epoch, predictions })
      return
    }
    case 'note':
      view.notes.push(record)
      return
    case 'status':
      view.status = record.status
      view.message = record.message
      view.status_at = record.at
  }
}

export const foldAll = (records: readonly RunRecord[]): RunView => {
  const view = emptyView()
  for (const record of records) fold(view, record)
  return view
}

const COLUMNS = Object.keys(noSteps()) as (keyof StepColumns)[]

/** Discards everything after `step`, because the resumed run repeats it. */
function discardAfter(view: RunView, step: number): void {
  const kept = view.steps.step.findIndex((s) => s > step)
  if (kept >= 0) for (const name of COLUMNS) view.steps[name].length = kept
  view.evaluations = view.evaluations.filter((evaluation) => evaluation.step <= step)
}
