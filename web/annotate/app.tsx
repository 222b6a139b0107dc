import { useLayoutEffect } from 'preact/hooks'
import { AccessDialog } from '../shared/access-dialog.tsx'
import { Complaint } from '../shared/complaint.tsx'
import { count } from '../shared/numbers.ts'
import { beginSession, refresh } from './actions.ts'
import { DisagreementsDialog } from './components/disagreements-dialog.tsx'
import { Header } from './components/header.tsx'
import { ImportDialog } from './components/import-dialog.tsx'
import { KeysDialog } from './components/keys-dialog.tsx'
import { PassagePane } from './components/passage-pane.tsx'
import { PassagesPane } from './components/passages-pane.tsx'
import { PersonDialog } from './components/person-dialog.tsx'
import { QuestionsPane } from './components/questions-pane.tsx'
import { onAnnotationKey } from './shortcuts.ts'
import { annotating as state } from './state.ts'

export function App() {
  useLayoutEffect(() => {
    addEventListener('keydown', onAnnotationKey)
    addEventListener('online', () => void refresh())
    return () => removeEventListener('keydown', onAnnotationKey)
  }, [])
  return (
    <>
      <Header />
      <Notices />
      <main class={`annotate${state.isListOpen.value ? ' listing' : ''}`}>
        <PassagesPane />
        <PassagePane />
        <QuestionsPane />
      </main>
      <p class="unseen" role="status" aria-live="polite">
        {state.announcement}
      </p>
      <PersonDialog />
      <DisagreementsDialog />
      <ImportDialog />
      <KeysDialog />
      <AccessDialog open={state.openDialog} load={beginSession} />
    </>
  )
}

function Notices() {
  return (
    <>
      {state.isOffline.value && (
        <div class="complaint" role="alert">
          <p>Cannot reach the server. {unsavedText()}</p>
        </div>
      )}
      <Complaint message={state.complaint} />
    </>
  )
}

function unsavedText(): string {
  const unsaved = state.unsaved.value
  if (unsaved === 0) return 'Everything is saved.'
  const changes = unsaved === 1 ? 'Your last change is' : `Your last ${count(unsaved)} changes are`
  const place = state.areKept.value ? 'in this browser' : 'in this tab, which must stay open,'
  return `${changes} kept ${place} and will be saved as soon as the server runs again.`
}
