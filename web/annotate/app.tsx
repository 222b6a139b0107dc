import { useEffect } from 'preact/hooks'
import { AccessDialog } from '../shared/access-dialog.tsx'
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
  useEffect(() => {
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
  const unsaved = state.unsaved.value
  const { complaint, isOffline } = state
  return (
    <>
      {isOffline.value && (
        <div class="complaint" role="alert">
          <p>
            The server cannot be reached.{' '}
            {unsaved > 0
              ? 'Your last change is kept in this browser and saved as soon as the server runs again.'
              : 'Everything is saved.'}
          </p>
        </div>
      )}
      {complaint.value !== undefined && (
        <div class="complaint" role="alert">
          <p>{complaint}</p>
          <button type="button" class="quiet" onClick={() => (complaint.value = undefined)}>
            Close
          </button>
        </div>
      )}
    </>
  )
}
