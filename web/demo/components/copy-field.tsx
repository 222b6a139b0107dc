import { useState } from 'preact/hooks'

interface CopyProps {
  readonly label: string
  readonly text: string
}

/** A text to take away, with a button that copies it. */
export function CopyField({ label, text }: CopyProps) {
  const [said, setSaid] = useState('Copy')
  const copy = async (event: Event) => {
    const field = (event.currentTarget as HTMLElement).parentElement!.querySelector('textarea')!
    field.select()
    // Over plain HTTP from another machine there is no clipboard; what is selected can be copied by hand.
    const done = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    )
    setSaid(done ? 'Copied' : 'Now press Ctrl+C')
  }
  return (
    <div class="copy">
      <textarea readonly rows={text.length > 100 ? 3 : 1} aria-label={label} value={text} />
      <button type="button" onClick={copy}>
        {said}
      </button>
    </div>
  )
}
