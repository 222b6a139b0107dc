/** Persistence of the page between visits, and sharing by link. */
import { effect } from '@preact/signals'
import { keep, kept, onKeptElsewhere, perTab } from '../shared/storage.ts'
import { documentCount, isShown, searchedQuestions } from './collection.ts'
import { fileOf, parseCorrections } from './logic/corrections.ts'
import { parseHistory, remembered, visitOf } from './logic/history.ts'
import { parseSession, type Session } from './logic/session.ts'
import { type Shared, sharedOf } from './logic/share-link.ts'
import * as state from './state.ts'

const CORRECTIONS = 'corrections'
const HISTORY = 'history'
const SESSION = 'session'

/** Restores the history and the corrections, and follows their changes in other tabs. */
export function restore(): void {
  state.history.value = parseHistory(kept(HISTORY))
  onKeptElsewhere(HISTORY, (json) => {
    state.history.value = parseHistory(json)
  })
  const corrections = parseCorrections(kept(CORRECTIONS))
  if (corrections) state.corrections.value = corrections
  else state.complaint.value = 'The corrections stored in this browser cannot be read. New ones will replace them.'
  onKeptElsewhere(CORRECTIONS, (json) => {
    state.corrections.value = parseCorrections(json) ?? state.corrections.value
  })
  effect(() => {
    const list = state.corrections.value
    const isKept = keep(CORRECTIONS, list.length > 0 ? fileOf(list) : undefined)
    if (!isKept && list.length > 0)
      state.complaint.value =
        'This browser cannot store your corrections, because its storage is full or blocked. Download them before you leave the page.'
  })
}

/** Adds the text and its questions to the top of the history. */
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

/** Saves the page for a reload of this tab. The browser discards it when the tab is closed. */
export function keepSession(): void {
  const session: Session = {
    ...sharedNow(),
    link: location.hash,
    documents: documentCount.value === undefined ? undefined : isShown.value,
    searched: searchedQuestions.value.map(({ question, within }) => ({ question, within: [...within] })).reverse(),
    draft: state.editing.value ? state.draft.value : undefined,
  }
  // An earlier session must not replace a page that is too large to be stored.
  if (!keep(SESSION, JSON.stringify(session), perTab)) keep(SESSION, undefined, perTab)
}

/** The saved page after a reload, or undefined if the address has changed. */
export function keptSession(): Session | undefined {
  const session = parseSession(kept(SESSION, perTab))
  return session?.link === location.hash ? session : undefined
}

/** The current page in the form shared by links, with the oldest question first. */
export const sharedNow = (): Shared =>
  sharedOf({
    text: state.text.value,
    name: state.name.value,
    questions: state.questions.value.map(({ question }) => question).reverse(),
    models: state.chosen.value,
    threshold: state.threshold.value,
  })
