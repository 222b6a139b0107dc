import { useState } from 'preact/hooks'

interface ConfirmProps {
  readonly label: string
  /** The label after the first click, as a question. */
  readonly question: string
  readonly class?: string
  readonly onConfirm: () => void
}

/** A button for what cannot be undone. It acts on a second click, unless that belongs to a double click. */
export function ConfirmButton({ label, question, class: name, onConfirm }: ConfirmProps) {
  const [isSure, setSure] = useState(false)
  const onClick = ({ detail: clicks }: MouseEvent) => {
    if (clicks > 1) return
    setSure(!isSure)
    if (isSure) onConfirm()
  }
  return (
    <button type="button" class={name} onBlur={() => setSure(false)} onClick={onClick}>
      {isSure ? question : label}
    </button>
  )
}
