import { printAbove } from './live-bar.ts'
import { countingProgressBar, trainingProgressBar } from './progress.ts'
import type { Screen } from './screen.ts'

const print = (text: string): void =>
  process.stderr.isTTY ? printAbove(text, process.stderr) : void process.stderr.write(`${text}\n`)

/** For programs that use the library: bars and log lines on standard error, which leave standard output to them. */
export const standardErrorScreen: Screen = {
  print,
  warn: print,
  show: () => {},
  training: trainingProgressBar,
  counting: (label, unit, total, first) => countingProgressBar(label, unit, total, { first }),
}
