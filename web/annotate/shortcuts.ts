import { accept, select, selectNext, setAnswers, setStatus, step } from './actions.ts'
import { annotating as state } from './state.ts'

/** Descriptions of the keys for the help. */
export const KEYS: readonly (readonly [heading: string, keys: readonly (readonly [key: string, what: string])[]])[] = [
  [
    'Passages',
    [
      ['j  k', 'next and previous passage'],
      ['d', 'done, and open the next one'],
      ['s', 'skip, and open the next one'],
      ['/', 'search'],
    ],
  ],
  [
    'Questions',
    [
      ['n', 'write a new question'],
      ['[  ]', 'previous and next question'],
      ['a', 'accept the suggestion'],
      ['0', 'no answer'],
      ['e', 'edit the question'],
      ['c', 'comment on the question'],
      ['x', 'delete the question'],
    ],
  ],
  [
    'In the text',
    [
      ['t', 'go to the text'],
      ['←  →', 'mark the previous or next word'],
      ['↑  ↓', 'go to the previous or next sentence'],
      ['Shift + ← →', 'shrink or extend the mark by a word'],
      ['Shift + Alt + ← →', 'shrink or extend the mark by a character'],
      ['Enter', 'save the marked words as an answer'],
      ['Esc', 'remove the mark'],
    ],
  ],
]

export function onAnnotationKey(event: KeyboardEvent): void {
  if (document.querySelector('dialog[open]') !== null) return
  const isInField = (event.target as Element).closest('input:not([type=checkbox]), textarea, select') !== null
  if (event.key === 'Escape') {
    if (isInField) (event.target as HTMLElement).blur()
    else if (state.mark.value) state.mark.value = undefined
    else select(undefined)
    return
  }
  if (event.ctrlKey || event.altKey || event.metaKey || isInField || !state.current.value) return
  const action = actions[event.key]
  // A key that is held down goes through the passages or questions, but changes only one.
  if (!action || (event.repeat && !'jk[]'.includes(event.key))) return
  event.preventDefault()
  action()
}

const focus = (id: string) => document.getElementById(id)?.focus()

const actions: Readonly<Record<string, () => void>> = {
  j: () => void step(1),
  k: () => void step(-1),
  d: () => void setStatus('done'),
  s: () => void setStatus('skipped'),
  '/': () => focus('search'),
  n: () => focus('new-question'),
  t: () => focus('passage'),
  ']': () => selectNext(1),
  '[': () => selectNext(-1),
  a: () => void accept(),
  '0': () => state.selected.value !== undefined && void setAnswers(state.selected.value, []),
  e: () => {
    state.editing.value = state.selected.value
  },
  c: () => {
    state.commenting.value = state.selected.value ?? ''
  },
  x: () => document.querySelector<HTMLElement>('.asked[aria-current=true] .delete')?.click(),
  '?': () => {
    state.openDialog.value = 'help'
  },
}
