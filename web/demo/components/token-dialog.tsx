import { useRef } from 'preact/hooks'
import { setToken } from '../api.ts'
import { askMissing, loadModels } from '../asking.ts'
import * as state from '../state.ts'
import { Dialog } from './dialog.tsx'

/** Some servers answer only those who know a token. */
export function TokenDialog() {
  const input = useRef<HTMLInputElement>(null)
  const submit = async (event: Event) => {
    event.preventDefault()
    setToken(input.current!.value.trim())
    try {
      await loadModels()
      state.openDialog.value = undefined
      state.complaint.value = undefined
      askMissing()
    } catch (error) {
      state.complaint.value = (error as Error).message
    }
  }
  return (
    <Dialog name="token" title="This server wants a token">
      {() => (
        <form class="token" onSubmit={submit}>
          <label for="token">Whoever runs the server can give you one. It is kept until this tab is closed.</label>
          <div class="field">
            <input id="token" ref={input} type="password" autocomplete="off" required />
            <button type="submit" class="primary">
              Go on
            </button>
          </div>
          {state.complaint.value !== undefined && <p class="failed">{state.complaint}</p>}
        </form>
      )}
    </Dialog>
  )
}
