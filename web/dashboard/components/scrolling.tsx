import type { ComponentChildren } from 'preact'

/** A container that scrolls horizontally, also by keyboard, if its content is wider than the window. */
export function Scrolling({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling elements must be reachable by keyboard.
    <section class="scrolling" tabIndex={0} aria-label={label}>
      {children}
    </section>
  )
}
