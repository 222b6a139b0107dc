import { layers } from '../lights.ts'
import * as state from '../state.ts'

/** Where in the whole text the answers stand, beside its scroll bar. */
export function Rail({ length }: { readonly length: number }) {
  return (
    <div class="rail" aria-hidden="true">
      {layers.value.map(({ name, start, end }) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: a short cut for the mouse; the list of answers goes there too.
        // biome-ignore lint/a11y/useKeyWithClickEvents: as above.
        <i
          key={`${name} ${start}`}
          class={name}
          style={{ top: `${(100 * start) / Math.max(1, length)}%` }}
          onClick={() => (state.goTo.value = { start, end })}
        />
      ))}
    </div>
  )
}
