import type { TrainingEvent } from '../training/events.ts'

/** Told every event of a run, in order; the run waits for it. */
export type Listener = (event: TrainingEvent) => void | Promise<void>

type EventOf<T extends TrainingEvent['type']> = Extract<TrainingEvent, { type: T }>
type Handler<T extends TrainingEvent['type']> = (event: EventOf<T>) => void | Promise<void>

/** An object with a method for each kind of event that it wants to hear of. */
export interface Callback {
  readonly on_start?: Handler<'start'>
  readonly on_step?: Handler<'step'>
  readonly on_log?: Handler<'log'>
  readonly on_evaluate?: Handler<'evaluate'>
  readonly on_save?: Handler<'save'>
  readonly on_interrupted?: Handler<'interrupted'>
  readonly on_stopped_early?: Handler<'stopped early'>
  readonly on_best_loaded?: Handler<'best loaded'>
  readonly on_end?: Handler<'end'>
}

/** A callback object as a listener. */
export const listenerOf =
  (callback: Callback): Listener =>
  async (event) => {
    const method = `on_${event.type.replaceAll(' ', '_')}` as keyof Callback
    await (callback[method] as Listener | undefined)?.call(callback, event)
  }
