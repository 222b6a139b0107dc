import type { Signal } from '@preact/signals'
import { useRef, useState } from 'preact/hooks'
import { ModalDialog } from './modal-dialog.tsx'
import { ServiceError, setToken } from './requests.ts'

interface Props<Name extends string> {
  readonly open: Signal<Name | 'token' | undefined>
  /** Loads what could not be loaded without a token. Throws if the server rejects it. */
  readonly load: () => Promise<void>
}

/** Asks for the token if the server requires one. */
export function AccessDialog<Name extends string>({ open, load }: Props<Name>) {
  const input = useRef<HTMLInputElement>(null)
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const submit = async (event: Event) => {
    event.preventDefault()
    setProblem(undefined)
    setToken(input.current!.value.trim())
    try {
      await load()
      if (open.value === 'token') open.value = undefined
    } catch (error) {
      setProblem(problemOf(error as Error))
      // The next input replaces the invalid token.
      input.current?.focus()
      input.current?.select()
    }
  }
  return (
    <ModalDialog name="token" open={open as Signal<string | undefined>} title="This server requires a token">
      {() => (
        <form class="token" onSubmit={submit}>
          <label for="token">Ask the operator of the server for one. It is kept until you close this tab.</label>
          <div class="field">
            <input
              id="token"
              ref={input}
              type="password"
              autocomplete="off"
              required
              autofocus
              aria-invalid={problem !== undefined}
              aria-describedby="token-problem"
            />
            <button type="submit" class="primary">
              Continue
            </button>
          </div>
          <p class="failed" id="token-problem" role="alert">
            {problem}
          </p>
        </form>
      )}
    </ModalDialog>
  )
}

/** The server's message is about headers; users need one about the token they typed. */
const problemOf = (error: Error): string =>
  error instanceof ServiceError && error.status === 401
    ? 'Invalid token. Type it again, or ask the operator of the server.'
    : error.message
