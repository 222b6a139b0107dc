import { useLayoutEffect } from 'preact/hooks'
import { Complaint } from '../shared/complaint.tsx'
import * as collection from './collection.ts'
import { AboutModels } from './components/about-models.tsx'
import { AskForm } from './components/ask-form.tsx'
import { CollectionAsking } from './components/collection-asking.tsx'
import { CorrectionsDialog } from './components/corrections-dialog.tsx'
import { DocumentsPane } from './components/documents-pane.tsx'
import { DropZone } from './components/drop-zone.tsx'
import { PageHeader } from './components/header.tsx'
import { HelpDialog } from './components/help-dialog.tsx'
import { HistoryDialog } from './components/history-dialog.tsx'
import { KeptNotice } from './components/kept-notice.tsx'
import { LocalStatus } from './components/local-status.tsx'
import { QuestionCard } from './components/question-card.tsx'
import { ShareDialog } from './components/share-dialog.tsx'
import { TextInput } from './components/text-input.tsx'
import { TextPane } from './components/text-pane.tsx'
import { TokenDialog } from './components/token-dialog.tsx'
import { onShortcut } from './shortcuts.ts'
import * as state from './state.ts'

export function PlaygroundPage() {
  useLayoutEffect(() => {
    addEventListener('keydown', onShortcut)
    return () => removeEventListener('keydown', onShortcut)
  }, [])
  const side = state.chosen.value.length > 1 ? 'wide' : 'narrow'
  return (
    <DropZone>
      <PageHeader />
      <Complaint message={state.complaint} />
      <main class={`columns ${side}`}>{collection.isShown.value ? <Documents /> : <OwnText />}</main>
      <p class="unseen" role="status" aria-live="polite">
        {state.announcement}
      </p>
      <HistoryDialog />
      <CorrectionsDialog />
      <ShareDialog />
      <HelpDialog />
      <TokenDialog />
    </DropZone>
  )
}

const Documents = () => (
  <>
    <DocumentsPane />
    <CollectionAsking />
  </>
)

const OwnText = () => (
  <>
    {state.editing.value ? <TextInput /> : <TextPane />}
    <section class="asking" aria-label="Questions and answers">
      <KeptNotice />
      <AskForm />
      <LocalStatus />
      {state.questions.value.length === 0 && <Hint />}
      <ol class="cards" aria-label="Questions, newest first">
        {state.questions.value.map((asked) => (
          <QuestionCard key={asked.id} asked={asked} />
        ))}
      </ol>
    </section>
  </>
)

const Hint = () => (
  <div class="hint">
    <AboutModels />
    <p>
      Answers are passages of your text. They are highlighted in it, with the probability that they are correct. If an
      answer is wrong, mark the correct passage; you can train a better model on your corrections.
    </p>
  </div>
)
