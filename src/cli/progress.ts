import { MultiBar, type SingleBar } from 'cli-progress'
import type { CountingProgress, Progress, TrainingProgress } from '../runs/screen.ts'
import { clock, count, decimal, percent, rate } from './format.ts'

export type { CountingProgress, Progress, TrainingProgress } from '../runs/screen.ts'

/** A terminal gets a live bar, anything else (a file, a pipe, a build log) plain lines now and then, no escapes. */
export interface ProgressOptions {
  /** Standard error, so that standard output stays free for results. */
  readonly stream?: NodeJS.WritableStream & { isTTY?: boolean }
  /** Milliseconds, of any origin. */
  readonly now?: () => number
}

/** Progress of a training that goes from `first_step` (steps done before a resume) to `total_steps`. */
export function trainingProgress(
  run: { readonly total_steps: number; readonly first_step?: number },
  options: ProgressOptions = {},
): TrainingProgress {
  let [loss, samples, tokens] = [Number.NaN, 0, 0]
  const display = show('Training', 'step', run.total_steps, run.first_step ?? 0, options, (seconds) => [
    `loss ${decimal(loss, 4)}`,
    rate(samples / seconds, 'samples'),
    rate(tokens / seconds, 'tokens'),
  ])
  return {
    ...display,
    step(step, facts) {
      loss = facts.loss
      samples += facts.samples
      tokens += facts.tokens
      display.update(step)
    },
  }
}

/** Progress of evaluation or tokenization: `countingProgress('Tokenizing', 'examples', 3000)`, from `first` on. */
export function countingProgress(
  label: string,
  unit: string,
  total: number,
  { first = 0, ...options }: ProgressOptions & { readonly first?: number } = {},
): CountingProgress {
  let done = first
  const display = show(label, '', total, first, options, (seconds) => [rate((done - first) / seconds, unit)])
  return {
    ...display,
    update(value) {
      done = value
      display.update(value)
    },
  }
}

type Display = Progress & { update(done: number): void }

function show(
  label: string,
  unit: string,
  total: number,
  first: number,
  { stream = process.stderr, now = () => performance.now() }: ProgressOptions,
  details: (seconds: number) => string[],
): Display {
  const began = now()
  const line = (done: number) => {
    const seconds = Math.max((now() - began) / 1000, 1e-3)
    const left = done > first ? (seconds / (done - first)) * (total - done) : Number.POSITIVE_INFINITY
    const place = `${unit ? `${unit} ` : ''}${count(done)}/${count(total)} (${percent(total ? done / total : 1)})`
    const time = done >= total ? clock(seconds) : `${clock(seconds)} < ${clock(left)} left`
    return done > first ? [place, ...details(seconds), time].join(', ') : place
  }
  return stream.isTTY ? liveBar(label, total, first, stream, line) : plainLines(label, total, first, stream, now, line)
}

function liveBar(
  label: string,
  total: number,
  first: number,
  stream: NodeJS.WritableStream,
  line: (done: number) => string,
): Display {
  // A MultiBar of one: the plain bar cannot print lines above itself. Signals belong to the command, not to the bar.
  const bars = new MultiBar({
    stream,
    gracefulExit: false,
    hideCursor: false,
    format: (_, { progress, value }) => {
      const filled = Math.round(Math.min(1, progress) * 24)
      return `${label} ${'█'.repeat(filled)}${'░'.repeat(24 - filled)} ${line(value)}`
    },
  })
  const bar: SingleBar = bars.create(total, first)
  let stopped = false
  return {
    update: (done) => bar.update(done),
    note: (text) => (stopped ? stream.write(`${text}\n`) : bars.log(`${text}\n`)),
    stop() {
      if (stopped) return
      stopped = true
      bars.update()
      bars.stop()
    },
  }
}

function plainLines(
  label: string,
  total: number,
  first: number,
  stream: NodeJS.WritableStream,
  now: () => number,
  line: (done: number) => string,
): Display {
  const began = now()
  let [done, shown, shownAt] = [first, first, began]
  const write = () => {
    stream.write(`${label}: ${line(done)}\n`)
    shown = done
    shownAt = now()
  }
  return {
    update(value) {
      done = value
      // Every ten seconds at first, and at each further twentieth of the time: a log of hours stays readable.
      const pause = Math.max(10_000, (shownAt - began) / 20)
      if (now() - shownAt >= pause || done >= total) write()
    },
    note: (text) => stream.write(`${text}\n`),
    stop() {
      if (done !== shown) write()
    },
  }
}
