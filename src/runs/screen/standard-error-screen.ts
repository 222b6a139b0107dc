import { printAbove } from './live-bar.ts'
import { countingProgressBar, trainingProgressBar } from './progress.ts'
import type { Screen } from './screen.ts'

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
