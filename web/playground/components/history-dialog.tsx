import { ConfirmButton } from '../../shared/confirm-button.tsx'
import { openVisit } from '../actions.ts'
import { clearHistory } from '../keeping.ts'
import { titleOf, type Visit, whenOf } from '../logic/history.ts'
import * as state from '../state.ts'
import { Dialog } from './dialog.tsx'

export function HistoryDialog() {
  const open = async (visit: Visit) => {
    state.openDialog.value = undefined
    await openVisit(visit).catch((error: Error) => {
      state.complaint.value = `This text can no longer be opened: ${error.message}`
    })
  }
  return (
    <Dialog name="history" title="History">
      {() =>
        state.history.value.length === 0 ? (
          <p>Texts that you ask about are listed here. They are stored only in this browser.</p>
        ) : (
          <>
            <ul class="list">
              {state.history.value.map((visit) => (
                <li key={visit.at}>
                  <button type="button" class="visit" onClick={() => void open(visit)}>
                    <b dir="auto">{titleOf(visit)}</b>
                    <time class="note" dateTime={new Date(visit.at).toISOString()}>
                      {whenOf(visit.at)}
                    </time>
                    {shownOf(visit.questions).map((line) => (
                      <span class="line" dir="auto" key={line}>
                        {line}
                      </span>
                    ))}
                  </button>
                </li>
              ))}
            </ul>
            <div class="row">
              <span class="note">Stored only in this browser.</span>
              <ConfirmButton label="Clear history" question="Clear the whole history?" onConfirm={clearHistory} />
            </div>
          </>
        )
      }
    </Dialog>
  )
}

const MAX_LINES = 3

/** The newest questions first, as on the page, followed by the number of those omitted. */
function shownOf(questions: readonly string[]): string[] {
  const newest = [...questions].reverse()
  const left = newest.length - MAX_LINES
  return left > 1 ? [...newest.slice(0, MAX_LINES), `and ${left} more`] : newest
}
