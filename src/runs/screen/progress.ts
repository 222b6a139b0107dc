import { MultiBar, type SingleBar } from 'cli-progress'
import { clock, count, decimal, percentage, rate } from '../../report/render/format.ts'
import { hideLiveBar, isQuiet, printAbove, showLiveBar } from './live-bar.ts'
import type { CountingProgressBar, ProgressBar, Screen, TrainingProgressBar } from './screen.ts'

export type { CountingProgressBar, ProgressBar, TrainingProgressBar } from './screen.ts'

/** Where progress is shown: a terminal gets a live bar; files, pipes and build logs get occasional plain lines. */
export interface ProgressBarOptions {
  /** Default: standard error, so that standard output stays free for results. */
  readonly stream?: NodeJS.WritableStream & { isTTY?: boolean }
  /** A clock in milliseconds, with any origin. */
  readonly now?: () => number
}

/** Shows the progress of a training run from `first_step` (the number of steps done before a resume) to `total_steps`. */
export function trainingProgressBar(
  run: { readonly total_steps: number; readonly first_step?: number },
  options: ProgressBarOptions = {},
): TrainingProgressBar {
  let [loss, samples, tokens] = [Number.NaN, 0, 0]
  let time_left: number | undefined
  const display = show('Training', 'step', run.total_steps, run.first_step ?? 0, options, (seconds) => [
    `loss ${decimal(loss, 4)}`,
    ...(time_left === undefined ? [] : [`max_minutes: ${clock(time_left)} left`]),
    rate(samples / seconds, 'samples'),
    rate(tokens / seconds, 'tokens'),
  ])
  return {
    ...display,
    step(step, facts) {
      loss = facts.loss
      time_left = facts.time_left
      samples += facts.samples
      tokens += facts.tokens
      display.update(step)
    },
  }
}

/** Shows the progress of counted work from `first` on, for example `countingProgressBar('Tokenizing', 'examples', 3000)`. */
export function countingProgressBar(
  label: string,
  unit: string,
  total: number,
  { first = 0, ...options }: ProgressBarOptions & { readonly first?: number } = {},
): CountingProgressBar {
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

type Display = ProgressBar & { update(done: number): void }

/** Joins as many parts of a line as fit; the first and the last are always kept. */
function fitting(parts: readonly string[], room: number): string {
  const [first, ...others] = parts
  const last = others.pop()
  while (others.length > 0 && [first, ...others, last].join(', ').length > room) others.pop()
  return [first, ...others, ...(last === undefined ? [] : [last])].join(', ')
}

const HIDDEN: Display = { update() {}, note() {}, stop() {} }

function show(
  label: string,
  unit: string,
  total: number,
  first: number,
  { stream = process.stderr, now = () => performance.now() }: ProgressBarOptions,
  details: (seconds: number) => string[],
): Display {
  if (isQuiet()) return HIDDEN
  const began = now()
  const line = (done: number) => {
    const seconds = Math.max((now() - began) / 1000, 1e-3)
    const left = done > first ? (seconds / (done - first)) * (total - done) : Number.POSITIVE_INFINITY
    const place = `${unit ? `${unit} ` : ''}${count(done)}/${count(total)} (${percentage(total ? done / total : 1)})`
    const time = done >= total ? clock(seconds) : `${clock(seconds)} < ${clock(left)} left`
    return done > first ? [place, ...details(seconds), time] : [place]
  }
  return stream.isTTY ? liveBar(label, total, first, stream, line) : plainLines(label, total, first, stream, now, line)
}

function liveBar(
  label: string,
  total: number,
  first: number,
  stream: NodeJS.WritableStream & { columns?: number },
  line: (done: number) => readonly string[],
): Display {
  // A MultiBar, because a SingleBar cannot print lines above itself. The command handles signals, not the bar.
  const bars = new MultiBar({
    stream,
    gracefulExit: false,
    hideCursor: false,
    format: (_, { progress, value }) => {
      const columns = stream.columns ?? 80
      const width = columns < 100 ? 10 : 24
      const filled = Math.round(Math.min(1, progress) * width)
      const bar = `${label} ${'█'.repeat(filled)}${'░'.repeat(width - filled)}`
      return `${bar} ${fitting(line(value), columns - bar.length - 2)}`
    },
  })
  showLiveBar(bars)
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
      hideLiveBar(bars)
    },
  }
}

function plainLines(
  label: string,
  total: number,
  first: number,
  stream: NodeJS.WritableStream,
  now: () => number,
  line: (done: number) => readonly string[],
): Display {
  const began = now()
  let [done, shown, shownAt] = [first, first, began]
  let isEndShown = false
  const write = () => {
    stream.write(`${label}: ${line(done).join(', ')}\n`)
    shown = done
    shownAt = now()
    isEndShown = done >= total
  }
  return {
    update(value) {
      done = value
      // Every ten seconds at first, later after another 5 % of the elapsed time, so that long logs stay readable.
      const pause = Math.max(10_000, (shownAt - began) / 20)
      if (now() - shownAt >= pause || (done >= total && !isEndShown)) write()
    },
    note: (text) => stream.write(`${text}\n`),
    stop() {
      if (done !== shown) write()
    },
  }
}

const print = (text: string): void =>
  process.stderr.isTTY ? printAbove(text, process.stderr) : void process.stderr.write(`${text}\n`)

/** A screen for programs that use the library: it writes to standard error, so that standard output stays free. */
export const standardErrorScreen: Screen = {
  print,
  warn: print,
  show: () => {},
  training: trainingProgressBar,
  counting: (label, unit, total, first) => countingProgressBar(label, unit, total, { first }),
}
