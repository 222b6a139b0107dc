import { render } from 'preact'
import '../shared/styles/theme.css'
import '../shared/styles/page.css'
import './styles/columns.css'
import '../shared/styles/text.css'
import '../shared/styles/marks.css'
import './styles/answers.css'
import './styles/correction.css'
import '../shared/styles/dialogs.css'
import './styles/documents.css'
import './styles/narrow.css'
import { restoreTheme } from '../shared/theme.ts'
import { openSession, openShared } from './actions.ts'
import { PlaygroundPage } from './app.tsx'
import { loadModels } from './asking.ts'
import { type Backend, setBackend } from './backend.ts'
import { isShown, openDocumentLink, opened } from './collection.ts'
import { keepSession, keptSession, restore } from './keeping.ts'
import { fromFragment } from './logic/share-link.ts'
import { showProblem } from './problems.ts'
import * as state from './state.ts'

/** Shows the page, with answers from `backend`. */
export async function startPage(backend: Backend): Promise<void> {
  setBackend(backend)
  restoreTheme()
  restore()
  render(<PlaygroundPage />, document.getElementById('app')!)
  await open()
  addEventListener('pagehide', keepSession)
  // Mobile browsers may kill background pages without a further event.
  document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && keepSession())
}

async function open(): Promise<void> {
  try {
    await loadModels()
  } catch (error) {
    showProblem(error)
  }
  // Opening a share link in this tab only changes the fragment. Links to documents can be followed while one is loading.
  addEventListener('hashchange', () => void openLink())
  const session = keptSession()
  if (!session) return openLink()
  // A text that was typed or opened while the models were loading stays.
  if (state.text.value !== '' || state.draft.value !== '') return
  openSession(session)
  if (isShown.value) await openDocumentLink(location.hash)
}

async function openLink(): Promise<void> {
  if (await openDocumentLink(location.hash)) return
  // The browser's back button leads from a document to the list.
  if (location.hash === '') opened.value = undefined
  try {
    const shared = await fromFragment(location.hash)
    if (!shared) return
    openShared(shared)
  } catch (error) {
    state.complaint.value = (error as Error).message
  }
}
