import { memo } from 'preact/compat'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { Layer } from '../../../src/analysis/browser/segments.ts'
import type { TextSpan } from '../../../src/squad/types.ts'
import { Marked } from '../../shared/marked.tsx'
import { moved } from '../../shared/marking.ts'
import { useSelection } from '../../shared/selection.ts'
import { correct, mark } from '../actions.ts'
import { layers } from '../lights.ts'
import { blockAt, type PageBlock, pageBlocks } from '../logic/blocks.ts'
import { layersByBlock, within } from '../logic/layers.ts'
import { Scroll } from '../scroll.ts'
import * as state from '../state.ts'

/** Shows the text in blocks that the browser lays out on demand, so that a book is as fast as a page. */
export function TextView({ text }: { readonly text: string }) {
  const view = useRef<HTMLElement>(null)
  const blocks = useMemo(() => pageBlocks(text), [text])
  const lights = layersByBlock(blocks, layers.value)
  useSelection(view, (span) => {
    if (!state.marking.value) return false
    mark(span)
    return true
  })
  useGoTo(view, blocks)
  return (
    <section
      id="text"
      class="text"
      ref={view}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling elements must be reachable by keyboard.
      tabIndex={0}
      aria-label={
        state.marking.value ? 'The text. Arrow keys move the mark, Shift with arrow keys extends it.' : 'The text'
      }
      dir="auto"
      onKeyDown={(event) => onKey(event, text)}
    >
      {blocks.map((block, i) => {
        const lit = lights.get(i)
        const own = lit ? within(block, lit) : NONE
        return <Piece key={block.start} text={text} block={block} lit={own} look={look(own)} />
      })}
    </section>
  )
}

const NONE: readonly Layer[] = []

interface PieceProps {
  readonly text: string
  readonly block: PageBlock
  readonly lit: readonly Layer[]
  /** A key for `lit`; the piece is rendered again when it changes. */
  readonly look: string
}

const look = (lit: readonly Layer[]): string => lit.map(({ name, start, end }) => `${name} ${start} ${end}`).join()

const Piece = memo(
  ({ text, block, lit }: PieceProps) => {
    const own = text.slice(block.start, block.end)
    const lines = Math.ceil(own.length / 90) + own.split('\n').length / 2
    return (
      <div
        class="block"
        data-start={block.start}
        style={{ containIntrinsicBlockSize: `auto ${Math.round(lines * 28)}px` }}
      >
        {lit.length === 0 ? own : <Marked text={own} layers={lit} />}
      </div>
    )
  },
  (last, next) => last.text === next.text && last.block === next.block && last.look === next.look,
)

/** Scrolls to the requested place and keeps it in view when the width of the pane changes. */
function useGoTo(view: { readonly current: HTMLElement | null }, blocks: readonly PageBlock[]): void {
  const place = state.goTo.value
  useEffect(() => {
    const pane = view.current
    if (!pane || !place) return
    const rectangle = () => placeIn(pane, blocks, place)
    const scroll = new Scroll(pane, rectangle)
    scroll.start(matchMedia('(prefers-reduced-motion: reduce)').matches ? 'instant' : 'smooth')
    return () => scroll.stop()
  }, [place, view, blocks])
}

const placeIn = (pane: HTMLElement, blocks: readonly PageBlock[], place: TextSpan): DOMRect | undefined => {
  const block = pane.children[blockAt(blocks, place.start)]
  return block && targetIn(block, place.start).getBoundingClientRect()
}

/** The position in the document, even if it is not highlighted yet. */
function targetIn(block: Element, index: number): Range | Element {
  let rest = index - Number((block as HTMLElement).dataset.start)
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const length = node.textContent!.length
    if (rest < length) {
      const range = document.createRange()
      range.setStart(node, rest)
      range.setEnd(node, rest + 1)
      return range
    }
    rest -= length
  }
  return block
}

function onKey(event: KeyboardEvent, text: string): void {
  const { marking } = state
  if (!marking.value) return
  const asked = state.shownQuestion.value
  if (event.key === 'Enter' && marking.value.span && asked) {
    event.preventDefault()
    correct(asked, marking.value.span)
    return
  }
  const next = moved(text, marking.value.span ?? firstMark(), event)
  if (!next) return
  event.preventDefault()
  mark(next)
  state.goTo.value = next
}

/** The span at which marking by keyboard starts: the answer of the model. */
function firstMark(): TextSpan {
  const [first] = layers.value
  return first ? { start: first.start, end: first.end } : { start: 0, end: 0 }
}
