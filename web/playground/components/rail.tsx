import { useEffect, useState } from 'preact/hooks'
import { layers } from '../lights.ts'
import * as state from '../state.ts'

/** Marks the positions of the answers next to the scroll bar. Hidden if the whole text is visible. */
export function Rail({ text }: { readonly text: string }) {
  if (!useScrolls(text)) return null
  return (
    <div class="rail" aria-hidden="true">
      {layers.value.map(({ name, start, end }) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: a mouse shortcut; the list of answers does the same.
        // biome-ignore lint/a11y/useKeyWithClickEvents: as above.
        <i
          key={`${name} ${start}`}
          class={name}
          style={{ top: `${(100 * start) / Math.max(1, text.length)}%` }}
          onClick={() => (state.goTo.value = { start, end })}
        />
      ))}
    </div>
  )
}

/** Whether the text is longer than its pane. This changes with the window size and as blocks are laid out. */
function useScrolls(text: string): boolean {
  const [scrolls, setScrolls] = useState(false)
  // `text` represents the observed blocks.
  useEffect(() => {
    const view = document.getElementById('text')!
    const observer = new ResizeObserver(() => setScrolls(view.scrollHeight > view.clientHeight + 1))
    for (const element of [view, ...view.children]) observer.observe(element)
    return () => observer.disconnect()
  }, [text])
  return scrolls
}
