import type { TrainingEvent } from '../../training/loop/events.ts'

/** Receives every event of a run in order. The run waits for it. */
export type Listener = (event: TrainingEvent) => void | Promise<void>
