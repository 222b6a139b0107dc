import type { Screen } from '../runs/screen.ts'
import type { Pulse } from './records.ts'

export interface ScreenWatch {
  /** A line that stays, but for those above the bar of a training. */
  readonly onNote: (text: string) => void
  /** What is being counted now; undefined where that has ended. */
  readonly onActivity: (activity: Pulse['activity']) => void
}

/** A screen that shows everything as before, and tells what it shows. */
export const watchedScreen = (screen: Screen, { onNote, onActivity }: ScreenWatch): Screen => ({
  show: screen.show,
  print(text) {
    screen.print(text)
    if (text.trim()) onNote(text.trim())
  },
  warn(text) {
    screen.warn(text)
    if (text.trim()) onNote(text.trim())
  },
  training: screen.training,
  counting(label, unit, total) {
    const progress = screen.counting(label, unit, total)
    onActivity({ label, unit, done: 0, total })
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
