import { computed, signal } from '@preact/signals'
import type { PastRun } from '../../src/dashboard/past-run.ts'
import type { RunEntry } from '../../src/dashboard/past-runs.ts'
import type { Pulse } from '../../src/dashboard/records.ts'
import type { DashboardInfo } from '../../src/dashboard/routes.ts'
import type { RunView } from '../../src/dashboard/run-view.ts'
import { placeOfAddress } from './address.ts'
import { fetchInfo, fetchRun, fetchRuns } from './api.ts'
import { type Connection, follow } from './live.ts'
import { isEnded } from './status.ts'

/** Milliseconds between reloads of runs in other processes and of the list. */
const [RUN_INTERVAL, LIST_INTERVAL] = [3000, 10_000]

export const info = signal<DashboardInfo | undefined>(undefined)
export const place = signal(placeOfAddress())
export const connection = signal<Connection>('connecting')
export const pulse = signal<Pulse | undefined>(undefined)
export const runs = signal<readonly RunEntry[] | undefined>(undefined)
/** The latest error, shown in the banner. */
export const trouble = signal<string | undefined>(undefined)
/** Horizontal axis of the curves. */
export const axis = signal<'epoch' | 'step'>('epoch')

const liveView = signal<RunView | undefined>(undefined)
const pastRuns = signal<Readonly<Record<string, PastRun>>>({})

/** Id of the shown run. */
export const shownId = computed(() => place.value.run ?? info.value?.live ?? runs.value?.[0]?.id)
export const isLive = computed(() => shownId.value !== undefined && shownId.value === info.value?.live)

/** The id of a run preceded by the name of the searched folder: 'demo/run'. */
export function runName(id: string): string {
  const folder = info.value?.folder.split(/[\\/]/).findLast((part) => part !== '' && part !== '.')
  if (id === '.') return folder ?? id
  return folder ? `${folder}/${id}` : id
}

export interface Shown {
  readonly id: string
  readonly view: RunView
  readonly problems: readonly string[]
}

function runOf(id: string): Shown | undefined {
  if (id === info.value?.live) return liveView.value && { id, view: liveView.value, problems: [] }
  const past = pastRuns.value[id]
  return past && { id, view: past.view, problems: past.problems }
}

export const shownRun = computed(() => (shownId.value === undefined ? undefined : runOf(shownId.value)))
export const compared = computed(() => place.value.compare.map(runOf).filter((run) => run !== undefined))

const attempt = async (work: () => Promise<void>): Promise<void> => {
  try {
    await work()
    trouble.value = undefined
  } catch (error) {
    // The data that has been loaded remains visible after the process has ended.
    if (connection.value !== 'ended') trouble.value = (error as Error).message
  }
}

export const loadRuns = (): Promise<void> =>
  attempt(async () => {
    runs.value = await fetchRuns()
  })

const loadRun = (id: string): Promise<void> =>
  attempt(async () => {
    const run = await fetchRun(id)
    pastRuns.value = { ...pastRuns.value, [id]: run }
  })

/** Loads the runs that the page shows if they are not loaded yet, or are running in another process. */
async function loadPlace(): Promise<void> {
  const wanted = [...(place.value.view === 'run' ? [shownId.value] : []), ...place.value.compare]
  for (const id of wanted) {
    if (id === undefined || id === info.value?.live) continue
    const known = pastRuns.value[id]
    if (!known || !isEnded(known.view.status)) await loadRun(id)
  }
}

export async function begin(): Promise<void> {
  addEventListener('hashchange', () => {
    place.value = placeOfAddress()
    void loadPlace()
    if (place.value.view === 'runs') void loadRuns()
  })
  await attempt(async () => {
    info.value = await fetchInfo()
  })
  if (info.value?.live)
    follow({
      onView: (view) => {
        liveView.value = view
      },
      onPulse: (value) => {
        pulse.value = value
      },
      onConnection: (value) => {
        connection.value = value
      },
    })
  await loadRuns()
  await loadPlace()
  setInterval(() => document.hidden || void loadPlace(), RUN_INTERVAL)
  setInterval(() => document.hidden || place.value.view !== 'runs' || void loadRuns(), LIST_INTERVAL)
}
