/** Queue of changes that are not saved yet. It survives restarts of the server and reloads of the page. */
import type { ActionResult } from '../../src/annotate/http/contract.ts'
import type { AnnotationAction } from '../../src/annotate/project/events.ts'
import { requestJson, ServiceError } from '../shared/requests.ts'
import { keep, kept } from '../shared/storage.ts'
import { annotating as state } from './state.ts'

interface Item {
  readonly action: AnnotationAction
  readonly resolve?: (result: ActionResult) => void
  readonly reject?: (error: unknown) => void
}

/** Storage key of the project's unsaved changes. It differs between projects served at the same address. */
let outbox = ''
/** Milliseconds between attempts while the server cannot be reached. */
const PAUSE = 1500

let items: Item[] = []
let isSending = false

/** Restores the unsaved changes of a project from an earlier visit. */
export function restoreChanges(created: string): void {
  const name = `annotate.outbox.${created}`
  if (name === outbox) return
  outbox = name
  items = [...restored(), ...items]
  state.unsaved.value = items.length
}

function restored(): Item[] {
  try {
    return (JSON.parse(kept(outbox) ?? '[]') as AnnotationAction[]).map((action) => ({ action }))
  } catch {
    return []
  }
}

function changed(): void {
  state.unsaved.value = items.length
  keep(outbox, items.length > 0 ? JSON.stringify(items.map(({ action }) => action)) : undefined)
}

/** Sends a change after all earlier ones. Resolves once the server has stored it. */
export function sendChange(action: AnnotationAction): Promise<ActionResult> {
  return new Promise((resolve, reject) => {
    items.push({ action, resolve, reject })
    changed()
    void sendChanges()
  })
}

/** Sends changes in order, and retries while the server cannot be reached. */
export async function sendChanges(): Promise<void> {
  if (isSending) return
  isSending = true
  while (items.length > 0) {
    const [{ action, resolve, reject }] = items
    try {
      const result = await requestJson<ActionResult>('api/actions', { method: 'POST', body: JSON.stringify(action) })
      state.isOffline.value = false
      // Another annotator has asked the same question, which keeps its id: assign later answers to it.
      if (action.type === 'question' && action.id && result.id && result.id !== action.id) rename(action.id, result.id)
      items.shift()
      resolve?.(result)
    } catch (error) {
      if (isTemporary(error)) {
        state.isOffline.value = true
        await new Promise((done) => setTimeout(done, PAUSE))
        continue
      }
      items.shift()
      if (reject) reject(error)
      else
        state.complaint.value = `A change from before the page was loaded could not be saved: ${(error as Error).message}`
    } finally {
      changed()
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
  items = items.map((item) =>
    'id' in item.action && item.action.id === from ? { ...item, action: { ...item.action, id: to } } : item,
  )
}
