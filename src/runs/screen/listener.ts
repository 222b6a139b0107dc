import type { TrainingEvent } from '../../training/loop/events.ts'

/** Told every event of a run, in order; the run waits for it. */
export type Listener = (event: TrainingEvent) => void | Promise<void>
