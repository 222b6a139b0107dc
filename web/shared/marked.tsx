import { type Layer, segments } from '../../src/analysis/browser/segments.ts'

/** A text with highlights. Positions are relative to the text. */
export const Marked = ({ text, layers }: { readonly text: string; readonly layers: readonly Layer[] }) => (
  <>
    {segments(text.length, layers).map(({ start, end, names }) =>
      names.length === 0 ? text.slice(start, end) : <mark class={names.join(' ')}>{text.slice(start, end)}</mark>,
    )}
  </>
)
