import { useEffect, useState } from 'preact/hooks'
import { layers } from '../lights.ts'
import * as state from '../state.ts'

/** Where in the whole text the answers stand, beside its scroll bar: where all of it is in view there is nothing to tell. */
export function Rail({ text }: { readonly text: string }) {
  if (!useScrolls(text)) return null
  return (
    <div class="rail" aria-hidden="true">
      {layers.value.map(({ name, start, end }) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: a short cut for the mouse; the list of answers goes there too.
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

/** Whether the text is longer than its pane, which changes with the window, and as blocks are laid out. */
function useScrolls(text: string): boolean {
  const [scrolls, setScrolls] = useState(false)
  // `text` stands for the blocks that are observed.
  useEffect(() => {
    const view = document.getElementById('text')!
    const observer = new ResizeObserver(() => setScrolls(view.scrollHeight > view.clientHeight + 1))
    for (const element of [view, ...view.children]) observer.observe(element)
    return () => observer.disconnect()
  }, [text])
  return scrolls
}
