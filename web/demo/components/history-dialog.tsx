import { openVisit } from '../actions.ts'
import { clearHistory } from '../keeping.ts'
import type { Visit } from '../logic/history.ts'
import * as state from '../state.ts'
import { Dialog } from './dialog.tsx'

export function HistoryDialog() {
  const open = async (visit: Visit) => {
    state.openDialog.value = undefined
    await openVisit(visit).catch((error: Error) => {
      state.complaint.value = `This text cannot be opened any more: ${error.message}`
    })
  }
  return (
    <Dialog name="history" title="History">
      {() =>
        state.history.value.length === 0 ? (
          <p>The texts that you ask will be listed here. They are kept in this browser only.</p>
        ) : (
          <>
            <ul class="list">
              {state.history.value.map((visit) => (
                <li key={visit.at}>
                  <button type="button" onClick={() => void open(visit)}>
                    <b dir="auto">{visit.name || 'A pasted text'}</b>
                    <span class="note">{new Date(visit.at).toLocaleString()}</span>
                    <span dir="auto">{visit.questions.join(' · ')}</span>
                  </button>
                </li>
              ))}
            </ul>
            <div class="row">
              <span class="note">Kept in this browser only.</span>
              <button type="button" onClick={clearHistory}>
                Clear the history
              </button>
            </div>
          </>
        )
      }
    </Dialog>
  )
}
