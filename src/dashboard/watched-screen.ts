import type { Screen } from '../runs/screen/screen.ts'
import type { Pulse } from './records.ts'

export interface ScreenWatch {
  /** Called with each printed line, except those above the progress bar of a training. */
  readonly onNote: (text: string) => void
  /** Called with the current activity, or undefined when it ends. */
  readonly onActivity: (activity: Pulse['activity']) => void
}

/** Wraps a screen and reports its output to callbacks. */
export const watchedScreen = (screen: Screen, { onNote, onActivity }: ScreenWatch): Screen => ({
  show: (blocks) => screen.show(blocks),
  print(text) {
    screen.print(text)
    if (text.trim()) onNote(text.trim())
  },
  warn(text) {
    screen.warn(text)
    if (text.trim()) onNote(text.trim())
  },
  training: (run) => screen.training(run),
  counting(label, unit, total, first = 0) {
    const progress = screen.counting(label, unit, total, first)
    onActivity({ label, unit, done: first, total })
    return {
      ...progress,
      update(done) {
        progress.update(done)
        onActivity({ label, unit, done, total })
      },
      stop() {
        progress.stop()
        onActivity(undefined)
      },
    }
  },
})
