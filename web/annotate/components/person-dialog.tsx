import { useState } from 'preact/hooks'
import { ModalDialog } from '../../shared/modal-dialog.tsx'
import { beginAs } from '../actions.ts'
import { annotating as state } from '../state.ts'

/** Asks for the name of the annotator. */
export const PersonDialog = () => (
  <ModalDialog name="person" open={state.openDialog} title="Who is annotating?">
    {() => <Person />}
  </ModalDialog>
)

function Person() {
  const { annotators = [], is_restricted = false } = state.info.value ?? {}
  const [name, setName] = useState('')
  const submit = (event: Event) => {
    event.preventDefault()
    if (name.trim() !== '') void beginAs(name.trim())
  }
  return (
    <>
      <p>Answers, comments and progress are stored under your name.</p>
      {annotators.length > 0 && (
        <ul class="people">
          {annotators.map((one) => (
            <li key={one}>
              <button type="button" aria-pressed={one === state.me.value} onClick={() => void beginAs(one)}>
                {one}
              </button>
            </li>
          ))}
        </ul>
      )}
      {!is_restricted && (
        <form class="person-form" onSubmit={submit}>
          <label for="person">{annotators.length > 0 ? 'Or another name' : 'Your name'}</label>
          <div class="field">
            <input
              id="person"
              autofocus
              type="text"
              autocomplete="name"
              maxLength={80}
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
            <button type="submit" class="primary" disabled={name.trim() === ''}>
              Continue
            </button>
          </div>
        </form>
      )}
    </>
  )
}
