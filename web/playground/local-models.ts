/** Models that run in this browser. On the page of a server, nothing here is set. */
import { computed, signal } from '@preact/signals'

/** How the models run; undefined if they run on a server. */
export const runtime = signal<{ readonly label: string; readonly note?: string } | undefined>(undefined)
/** The reason why the page does not work offline. */
export const problem = signal<string | undefined>(undefined)
/** Whether all files are kept in this browser, so that the page works offline. */
export const isKept = signal(false)
/** Whether a newer version of the page is ready. */
export const isOutdated = signal(false)

interface Bytes {
  readonly done: number
  readonly total: number
}

/** Models being loaded, by id. */
const downloads = signal<Readonly<Record<string, Bytes>>>({})

/** Bytes of all models being loaded; undefined if there are none. */
export const loading = computed((): Bytes | undefined => {
  const all = Object.values(downloads.value)
  if (all.length === 0) return undefined
  return all.reduce((sum, { done, total }) => ({ done: sum.done + done, total: sum.total + total }))
})

export function progress(model: string, done: number, total: number): void {
  downloads.value = { ...downloads.value, [model]: { done, total } }
}

/** Ends the progress of a model that is loaded, or has failed to load. */
export function finish(model: string): void {
  const { [model]: _, ...rest } = downloads.value
  downloads.value = rest
}
