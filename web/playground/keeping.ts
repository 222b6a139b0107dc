/** What the page keeps between visits, and what it takes out of links. */
import { effect } from '@preact/signals'
import { fileOf, parseCorrections } from './logic/corrections.ts'
import { parseHistory, remembered, visitOf } from './logic/history.ts'
import { parseSession, type Session } from './logic/session.ts'
import { type Shared, sharedOf } from './logic/share-link.ts'
import { keep, kept } from './logic/storage.ts'
import * as state from './state.ts'

const CORRECTIONS = 'corrections'
const HISTORY = 'history'
const SESSION = 'session'
const perTab = () => sessionStorage

export function restore(): void {
  state.history.value = parseHistory(kept(HISTORY))
  const corrections = parseCorrections(kept(CORRECTIONS))
  if (corrections) state.corrections.value = corrections
  else state.complaint.value = 'The corrections kept in this browser cannot be read. New ones will take their place.'
  effect(() => {
    const list = state.corrections.value
    const isKept = keep(CORRECTIONS, list.length > 0 ? fileOf(list) : undefined)
    if (!isKept && list.length > 0)
      state.complaint.value = 'This browser has no room for the corrections: download them before you leave the page.'
  })
}

/** Puts the text and its questions first in the history. */
export async function keepVisit(): Promise<void> {
  const [text, name] = [state.text.value, state.name.value]
  const questions = state.questions.value.map(({ question }) => question).reverse()
  if (questions.length === 0) return
  const visit = await visitOf(text, { at: Date.now(), name, questions })
  state.history.value = remembered(state.history.value, visit)
  keep(HISTORY, JSON.stringify(state.history.value))
}

export function clearHistory(): void {
  state.history.value = []
  keep(HISTORY, undefined)
}

/** Keeps the page for a reload of this tab. The browser discards it when the tab is closed. */
export function keepSession(): void {
  const session: Session = {
    ...sharedNow(),
    link: location.hash,
    draft: state.editing.value ? state.draft.value : undefined,
  }
  keep(SESSION, JSON.stringify(session), perTab)
}

/** The page as it was before a reload; undefined where the address now asks for something else. */
export function keptSession(): Session | undefined {
  const session = parseSession(kept(SESSION, perTab))
  return session?.link === location.hash ? session : undefined
}

/** The page as a link would share it, oldest question first. */
export const sharedNow = (): Shared =>
  sharedOf({
    text: state.text.value,
    name: state.name.value,
    questions: state.questions.value.map(({ question }) => question).reverse(),
    models: state.chosen.value,
    threshold: state.threshold.value,
  })
