import { decimal, setting } from '../../report/render/format.ts'
import { placeOf } from '../../report/summary/history.ts'
import type { LogEntry } from '../../training/checkpoints/state.ts'
import type { TrainingEvent } from '../../training/loop/events.ts'
import type { CountingProgressBar, Screen, TrainingProgressBar } from './screen.ts'

export interface RunProgress {
  readonly listener: Listener
  /** Stops the progress bars, at the end and on failure. */
  readonly stop: () => void
}

const PROGRESS_LABELS = {
  evaluation: 'Evaluating',
  freezing: 'Computing the frozen layers',
  teaching: "Computing the teacher's logits",
} as const

/** Shows a run: a progress bar for its steps, another for each evaluation, and a line for each important event. */
export function runProgress(screen: Screen): RunProgress {
  let total_steps = 0
  let steps: TrainingProgressBar | undefined
  let counting: CountingProgressBar | undefined
  const stop = () => {
    counting?.stop()
    steps?.stop()
    counting = steps = undefined
  }
  const begin = (first_step: number) => {
    stop()
    if (first_step < total_steps) steps = screen.training({ total_steps, first_step })
  }
  const count = (label: string, total: number, done: number) => {
    if (!counting) stop()
    counting ??= screen.counting(label, 'samples', total)
    counting.update(done)
  }
  return {
    stop,
    listener(event) {
      if (event.type === 'progress') count(PROGRESS_LABELS[event.of], event.total, event.done)
      if (event.type === 'start') {
        total_steps = event.plan.max_steps
        if (event.global_step >= total_steps)
          screen.print(`This run is already complete (step ${event.global_step} of ${total_steps}); nothing to do.`)
        begin(event.global_step)
      }
      if (event.type === 'step') steps?.step(event.global_step, event)
      if (event.type === 'evaluate' || event.type === 'paused') stop()
      const text = textOf(event)
      if (text) steps ? steps.note(text) : screen.print(text)
      if (event.type === 'evaluate') begin(event.entry.step)
      if (event.type === 'resumed') begin(event.global_step)
      if (event.type === 'stopped early' || event.type === 'interrupted' || event.type === 'end') stop()
    },
  }
}

/** The permanent line of an event; most events have none. */
function textOf(event: TrainingEvent): string | undefined {
  switch (event.type) {
    case 'step':
      return event.taken
        ? undefined
        : `step ${event.global_step}: skipped, because its loss or gradients are not finite`
    case 'log':
      if (event.entry.max_minutes !== undefined) return fitLine(event.entry)
      return event.entry.loss === undefined ? undefined : logLine(event.entry)
    case 'evaluate':
      return `${evaluationLine(event.entry)}${event.is_best ? ' (the best so far)' : ''}`
    case 'save':
      return `saved ${event.folder}`
    case 'paused':
      return `paused after step ${event.global_step}`
    case 'resumed':
      return 'resumed'
    case 'stopped early':
      if (event.is_out_of_time) return `stopped after step ${event.global_step}: max_minutes reached`
      return `stopped early after step ${event.global_step}: no further improvement`
    case 'best loaded':
      return `loaded the best checkpoint, ${event.folder}`
    default:
      return undefined
  }
}

const fitLine = ({ max_minutes, max_steps }: LogEntry): string =>
  `Fitted the run to ${max_minutes} ${max_minutes === 1 ? 'minute' : 'minutes'}: ${max_steps} steps`

const logLine = ({ step, epoch, loss, grad_norm, learning_rate }: LogEntry): string =>
  [
    `step ${step} (epoch ${decimal(epoch)}): loss ${decimal(loss, 4)}`,
    ...(grad_norm === undefined ? [] : [`gradient norm ${decimal(grad_norm, 3)}`]),
    `learning rate ${setting(Number(learning_rate!.toPrecision(3)))}`,
  ].join(', ')

function evaluationLine(entry: LogEntry): string {
  const training = entry.train_loss === undefined ? '' : `training loss ${decimal(entry.train_loss, 4)}, `
  const { eval_loss, eval_exact_match, eval_f1 } = entry
  return (
    `${placeOf(entry)}: ${training}validation loss ${decimal(eval_loss, 4)}, ` +
    `exact match ${decimal(eval_exact_match)}, F1 ${decimal(eval_f1)}`
  )
}

/** Receives every event of a run in order. The run waits for it. */
export type Listener = (event: TrainingEvent) => void | Promise<void>
