import { Fragment } from 'preact'
import { useRef, useState } from 'preact/hooks'

interface CopyProps {
  readonly label: string
  readonly text: string
}

/** A command or an address, with a button that copies it. Lines break at spaces only, never inside a flag. */
export function CopyField({ label, text }: CopyProps) {
  const field = useRef<HTMLElement>(null)
  const [said, setSaid] = useState('Copy')
  const copy = async () => {
    // A page that came over plain HTTP from another machine has no clipboard: the user copies what is selected.
    document.getSelection()?.selectAllChildren(field.current!)
    const done = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    )
    setSaid(done ? 'Copied' : 'Press Ctrl+C to copy')
  }
  return (
    <div class="copy">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset groups form controls. */}
      <code ref={field} tabIndex={0} role="group" aria-label={label}>
        {text.split(' ').map((word, i) => (
          <Fragment key={i}>
            {i > 0 && ' '}
            <span class="word">{word}</span>
          </Fragment>
        ))}
      </code>
      <button type="button" onClick={copy}>
        {said}
      </button>
    </div>
  )
}
