import { renderText } from '../../report/render/text.ts'
import { isQuiet } from '../../runs/screen/live-bar.ts'
import { countingProgressBar, trainingProgressBar } from '../../runs/screen/progress.ts'
import type { Screen } from '../../runs/screen/screen.ts'
import type { Output } from './output.ts'

/** Shows a run in the terminal: text through `output`, progress bars on standard error. */
export const terminalScreen = (output: Output): Screen => ({
  print: (text) => isQuiet() || output.print(text),
  warn: output.print,
  show: (blocks) =>
    isQuiet() ||
    output.print(`\n${renderText(blocks, { color: hasColor(output.forPeople ? process.stdout : process.stderr) })}`),
  training: trainingProgressBar,
  counting: (label, unit, total, first) => countingProgressBar(label, unit, total, { first }),
})

/** Whether a stream is a terminal that supports colors and NO_COLOR is not set (https://no-color.org). */
export const hasColor = (stream: { isTTY?: boolean; hasColors?: () => boolean }): boolean =>
  Boolean(stream.isTTY && !process.env.NO_COLOR && (stream.hasColors?.() ?? true))
