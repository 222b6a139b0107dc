import type { Block } from '../../report/render/document.ts'

/** Operations common to all progress bars. */
export interface ProgressBar {
  /** Writes a permanent line, on a terminal above the bar. */
  note(text: string): void
  /** Shows the last state and ends the progress. Call it on failure too; further calls do nothing. */
  stop(): void
}

export interface TrainingProgressBar extends ProgressBar {
  /** Reports step `step` (counted from 1) with its loss and the number of samples and real tokens that it trained on. */
  step(step: number, facts: { loss: number; samples: number; tokens: number; time_left?: number }): void
}

export interface CountingProgressBar extends ProgressBar {
  /** Sets the total number done so far. */
  update(done: number): void
}

/** Where a run shows its messages and its progress to the user. */
export interface Screen {
  /** Prints a permanent message. */
  print(text: string): void
  /** Prints a warning, which is shown even if other messages are hidden. */
  warn(text: string): void
  show(blocks: readonly Block[]): void
  /** Shows the progress of a training run from `first_step` (the number of steps done before a resume). */
  training(run: { readonly total_steps: number; readonly first_step?: number }): TrainingProgressBar
  /** Shows the progress of counted work, for example `counting('Tokenizing', 'examples', 3000)`; `first` are already done. */
  counting(label: string, unit: string, total: number, first?: number): CountingProgressBar
}

const nothing = () => {}

/** A screen that shows nothing, for programs. */
export const noScreen: Screen = {
  print: nothing,
  warn: nothing,
  show: nothing,
  training: () => ({ step: nothing, note: nothing, stop: nothing }),
  counting: () => ({ update: nothing, note: nothing, stop: nothing }),
}
