/** Queue of changes that are not saved yet. It survives restarts of the server and reloads of the page. */
import type { ActionResult } from '../../src/annotate/http/contract.ts'
import type { AnnotationAction } from '../../src/annotate/project/events.ts'
import { requestJson, ServiceError } from '../shared/requests.ts'
import { keep, kept, keptNames } from '../shared/storage.ts'
import { annotating as state } from './state.ts'

interface Item {
  readonly action: AnnotationAction
  /** Its name in the browser storage. Every change has its own, so that tabs do not overwrite those of others. */
  readonly name: string
  /** False if the browser storage is full or not available. */
  readonly isKept: boolean
  readonly resolve?: (result: ActionResult) => void
  readonly reject?: (error: unknown) => void
}

/** Start of the names of the project's unsaved changes. It differs between projects served at the same address. */
let outbox = ''
/** Milliseconds between attempts while the server cannot be reached. */
const PAUSE = 1500

let items: Item[] = []
let isSending = false
let count = 0

/** Restores the unsaved changes of a project from earlier visits and other tabs. */
export function restoreChanges(created: string): void {
  const start = `annotate.outbox.${created}.`
  if (start === outbox) return
  outbox = start
  setItems([...keptNames(outbox).sort().flatMap(restored), ...items])
}

function restored(name: string): Item[] {
  try {
    return [{ action: JSON.parse(kept(name)!) as AnnotationAction, name, isKept: true }]
  } catch {
    return []
  }
}

/** A name that sorts by time. */
const nextName = (): string =>
  `${outbox}${Date.now().toString(36).padStart(9, '0')}-${`${++count}`.padStart(6, '0')}-${Math.random().toString(36).slice(2)}`

/** Sends a change after all earlier ones. Resolves once the server has stored it. */
export function sendChange(action: AnnotationAction): Promise<ActionResult> {
  return new Promise((resolve, reject) => {
    const name = nextName()
    setItems([...items, { action, name, isKept: keep(name, JSON.stringify(action)), resolve, reject }])
    void sendChanges()
  })
}

function settle(): void {
  const [{ name }, ...others] = items
  keep(name, undefined)
  setItems(others)
}

function setItems(next: Item[]): void {
  items = next
  state.unsaved.value = items.length
  state.areKept.value = items.every(({ isKept }) => isKept)
}

/** Whether another tab, which has restored it, has sent a change. Questions are sent again to learn their ids. */
const isSentElsewhere = ({ action, name, isKept }: Item): boolean =>
  isKept && action.type !== 'question' && kept(name) === undefined

/** Sends changes in order, and retries while the server cannot be reached. */
export async function sendChanges(): Promise<void> {
  if (isSending) return
  isSending = true
  while (items.length > 0) {
    const [{ action, resolve, reject }] = items
    if (isSentElsewhere(items[0])) {
      settle()
      resolve?.({ revision: '' })
      continue
    }
    try {
      const result = await requestJson<ActionResult>('api/actions', { method: 'POST', body: JSON.stringify(action) })
      state.isOffline.value = false
      // Another annotator has asked the same question, which keeps its id: assign later answers to it.
      if (action.type === 'question' && action.id && result.id && result.id !== action.id) rename(action.id, result.id)
      settle()
      resolve?.(result)
    } catch (error) {
      if (isTemporary(error)) {
        state.isOffline.value = true
        await new Promise((done) => setTimeout(done, PAUSE))
        continue
      }
      settle()
      if (reject) reject(error)
      else
        state.complaint.value = `A change from before the page was loaded could not be saved: ${(error as Error).message}`
    }
  }
  isSending = false
}

/** Whether the same request may succeed later. If a token is missing, opens the dialog that asks for it. */
function isTemporary(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false
  if (error.status === 401) state.openDialog.value = 'token'
  return [0, 401, 429, 502, 503, 504, 507].includes(error.status)
}

function rename(from: string, to: string): void {
  items = items.map((item) => {
    if (!('id' in item.action) || item.action.id !== from) return item
    const action = { ...item.action, id: to }
    return { ...item, action, isKept: keep(item.name, JSON.stringify(action)) }
  })
}
