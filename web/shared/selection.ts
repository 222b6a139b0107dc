import { useLayoutEffect, useRef } from 'preact/hooks'
import type { TextSpan } from '../../src/squad/types.ts'

/** Milliseconds after which a selection without a mouse counts as complete. */
const SETTLED = 300

/**
 * Calls `take` with the selected span of the text in `view`. The attribute `data-start` of its elements contains their
 * position in the text. This waits until the mouse is released or the selection is complete, because marking renders the
 * text again and interrupts the selection. If `take` uses the span, the selection is removed.
 */
export function useSelection(view: { readonly current: HTMLElement | null }, take: (span: TextSpan) => unknown): void {
  const current = useRef(take)
  current.current = take
  useLayoutEffect(() => {
    let isHeld = false
    let settling: ReturnType<typeof setTimeout> | undefined
    const settle = () => {
      clearTimeout(settling)
      settling = undefined
      const selection = document.getSelection()
      if (!selection || selection.isCollapsed || selection.rangeCount === 0) return
      const range = selection.getRangeAt(0)
      if (!view.current?.contains(range.commonAncestorContainer)) return
      const span = {
        start: indexOf(view.current, range.startContainer, range.startOffset),
        end: indexOf(view.current, range.endContainer, range.endOffset),
      }
      if (current.current(span)) selection.removeAllRanges()
    }
    const listeners = {
      selectionchange() {
        clearTimeout(settling)
        settling = isHeld ? undefined : setTimeout(settle, SETTLED)
      },
      pointerdown({ target }: Event) {
        if (settling !== undefined) settle()
        isHeld = view.current?.contains(target as Node) ?? false
      },
      pointerup() {
        if (isHeld) settle()
        isHeld = false
      },
      // A touch has become another gesture, such as a selection with handles.
      pointercancel() {
        isHeld = false
      },
    }
    for (const [name, listener] of Object.entries(listeners)) document.addEventListener(name, listener)
    return () => {
      clearTimeout(settling)
      for (const [name, listener] of Object.entries(listeners)) document.removeEventListener(name, listener)
    }
  }, [view])
}

/** Converts a position in the document to an index in the text. */
function indexOf(view: HTMLElement, node: Node, offset: number): number {
  const element = node instanceof Element ? node : node.parentElement!
  const block = element.closest<HTMLElement>('[data-start]')
  const before = document.createRange()
  before.setStart(block ?? view, 0)
  before.setEnd(node, offset)
  return Number(block?.dataset.start ?? 0) + before.toString().length
}
