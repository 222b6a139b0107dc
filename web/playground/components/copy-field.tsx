import { Fragment } from 'preact'
import { useRef, useState } from 'preact/hooks'

interface CopyProps {
  readonly label: string
  readonly text: string
}

/** A command or an address with a copy button. Lines break only at spaces, never inside a flag. */
export function CopyField({ label, text }: CopyProps) {
  const field = useRef<HTMLElement>(null)
  const [caption, setCaption] = useState('Copy')
  const copy = async () => {
    // Pages loaded over plain HTTP have no clipboard access, so the text is selected for the user to copy.
    document.getSelection()?.selectAllChildren(field.current!)
    const done = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    )
    setCaption(done ? 'Copied' : 'Press Ctrl+C to copy')
  }
  return (
    <div class="copy">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling elements must be reachable by keyboard. */}
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
        {caption}
      </button>
    </div>
  )
}
