import type { Pulse, RunRecord } from '../../src/dashboard/records.ts'
import { emptyView, fold, type RunView } from '../../src/dashboard/run-view.ts'

export type Connection = 'connecting' | 'open' | 'lost' | 'ended'

export interface LiveHandlers {
  /** Called at most once per frame. */
  readonly onView: (view: RunView) => void
  readonly onPulse: (pulse: Pulse) => void
  readonly onConnection: (connection: Connection) => void
}

/** Milliseconds until the next attempt after the browser has given up. */
const RETRY = 2000

/** Follows the run in progress. The browser reconnects with the id of the last record, so that none is missed. */
export function follow({ onView, onPulse, onConnection }: LiveHandlers): void {
  let view = emptyView()
  let isDue = false
  const changed = () => {
    if (isDue) return
    isDue = true
    requestAnimationFrame(() => {
      isDue = false
      // Signals compare objects by identity, so each frame needs a new one.
      onView({ ...view })
    })
  }
  const connect = () => {
    const source = new EventSource('api/events')
    source.addEventListener('open', () => onConnection('open'))
    source.addEventListener('reset', () => {
      view = emptyView()
    })
    source.addEventListener('record', ({ data }) => {
      fold(view, JSON.parse(data) as RunRecord)
      changed()
    })
    source.addEventListener('pulse', ({ data }) => onPulse(JSON.parse(data)))
    source.addEventListener('end', () => {
      source.close()
      onConnection('ended')
    })
    source.addEventListener('error', () => {
      onConnection('lost')
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, RETRY)
    })
  }
  connect()
}
