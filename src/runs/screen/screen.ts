import type { Block } from '../../report/document.ts'

/** What is common to all progress: lines above the bar, and the end of it. */
export interface ProgressBar {
  /** A line that stays: above the bar on a terminal. */
  note(text: string): void
  /** The last state is shown and stays. To be called on failure too; a second call does nothing. */
  stop(): void
}

export interface TrainingProgressBar extends ProgressBar {
  /** After step `step` (1 is the first): its loss, and the samples and real tokens that it trained on. */
  step(step: number, facts: { loss: number; samples: number; tokens: number; time_left?: number }): void
}

export interface CountingProgressBar extends ProgressBar {
  /** How many are done in all. */
  update(done: number): void
}

/** Where a run shows itself to a person while it works. */
export interface Screen {
  /** A note that stays on the screen. */
  print(text: string): void
  /** As `print`, of what should not be missed even where notes are hidden. */
  warn(text: string): void
  show(blocks: readonly Block[]): void
  /** Progress of a training that goes from `first_step` (steps done before a resume) to `total_steps`. */
  training(run: { readonly total_steps: number; readonly first_step?: number }): TrainingProgressBar
  /** `counting('Tokenizing', 'examples', 3000)`; `first` were done before. */
  counting(label: string, unit: string, total: number, first?: number): CountingProgressBar
}

const nothing = () => {}

/** For programs: a run that says nothing. */
export const noScreen: Screen = {
  print: nothing,
  warn: nothing,
  show: nothing,
  training: () => ({ step: nothing, note: nothing, stop: nothing }),
  counting: () => ({ update: nothing, note: nothing, stop: nothing }),
}
