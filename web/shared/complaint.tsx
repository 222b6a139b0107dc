import type { Signal } from '@preact/signals'

/** An error message at the top of the page, until the user closes it. */
export function Complaint({ message }: { readonly message: Signal<string | undefined> }) {
  if (message.value === undefined) return null
  return (
    <div class="complaint" role="alert">
      <p>{message}</p>
      <button type="button" class="quiet" onClick={() => (message.value = undefined)}>
        Close
      </button>
    </div>
  )
}
