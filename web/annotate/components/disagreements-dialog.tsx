import { useEffect, useState } from 'preact/hooks'
import type { Disagreements } from '../../../src/annotate/http/contract.ts'
import { ModalDialog } from '../../shared/modal-dialog.tsx'
import { complain, decide, fetchDisagreements, open, select } from '../actions.ts'
import { annotating as state } from '../state.ts'

/** Lists the questions to which annotators have given different answers. */
export const DisagreementsDialog = () => (
  <ModalDialog name="disagreements" open={state.openDialog} title="Disagreements">
    {() => <List />}
  </ModalDialog>
)

function List() {
  const [found, setFound] = useState<Disagreements | undefined>(undefined)
  const revision = state.info.value?.revision
  useEffect(() => {
    fetchDisagreements().then(setFound, complain)
  }, [revision])
  if (!found) return <p class="note">Loading …</p>
  if (found.questions.length === 0) return <p>Annotators agree on all questions that several of them have answered.</p>
  return (
    <>
      <p class="note">
        The annotators of these questions have no answer in common. Choose whose answers are exported; until then all
        are, or none if half of the annotators say that there is no answer.
      </p>
      <ul class="list">
        {found.questions.map((question) => (
          <Disputed key={question.id} question={question} />
        ))}
      </ul>
    </>
  )
}

function Disputed({
  question: { id, question, passage, responses, decided },
}: {
  readonly question: Disagreements['questions'][number]
}) {
  const show = async () => {
    state.openDialog.value = undefined
    await open(passage.id)
    select(id)
  }
  return (
    <li class="pair disputed">
      <span class="parts">
        <b dir="auto">{question}</b>
        <button type="button" class="quiet link" onClick={() => void show()}>
          {passage.document}
        </button>
        <ul>
          {responses.map(({ annotator, answers }) => (
            <li key={annotator}>
              <span>
                <span class="note">{annotator}:</span>{' '}
                <span dir="auto">{answers.length > 0 ? answers.map(({ text }) => text).join(' | ') : 'no answer'}</span>
              </span>
              <button
                type="button"
                aria-pressed={decided === annotator}
                aria-label={`${decided === annotator ? 'Chosen' : 'Choose'}: the answer of ${annotator} to ${question}`}
                onClick={() => void decide(id, annotator)}
              >
                {decided === annotator ? 'Chosen' : 'Choose'}
              </button>
            </li>
          ))}
        </ul>
      </span>
    </li>
  )
}
