import { signal } from '@preact/signals'
import { keep, kept } from '../shared/storage.ts'
import { mark } from './actions.ts'
import { show } from './asking.ts'
import * as state from './state.ts'

/** Whether shortcuts are on. Single-key shortcuts can interfere with speech input, so users can turn them off. */
export const areOn = signal(kept('shortcuts') !== 'off')

export function setShortcuts(on: boolean): void {
  areOn.value = on
  keep('shortcuts', on ? undefined : 'off')
}

/** Descriptions of the shortcuts for the help page. */
export const SHORTCUTS: readonly (readonly [key: string, what: string])[] = [
  ['/', 'focus the question'],
  ['j  k', 'next and previous question'],
  ['t', 'focus the text'],
  ['w', 'mark the answer as wrong and correct it'],
  ['Esc', 'stop marking'],
  ['?', 'this page'],
]

export function onShortcut(event: KeyboardEvent): void {
  if (event.key === 'Escape' && state.marking.value) {
    mark(undefined)
    state.marking.value = undefined
    return
  }
  // The close event of a dialog is delayed, so check the document instead of the state.
  const isOpen = document.querySelector('dialog[open]') !== null
  if (!areOn.value || event.ctrlKey || event.altKey || event.metaKey || isOpen) return
  if ((event.target as Element).closest('input:not([type=checkbox], [type=range]), textarea, select')) return
  const action = actions[event.key]
  if (!action) return
  event.preventDefault()
  action()
}

const actions: Readonly<Record<string, () => void>> = {
  '/': () => document.getElementById('question')?.focus(),
  j: () => step(1),
  k: () => step(-1),
  t: () => document.getElementById('text')?.focus(),
  w: () => document.querySelector<HTMLElement>('.card[aria-current=true] .wrong')?.click(),
  '?': () => {
    state.openDialog.value = 'help'
  },
}

function step(by: number): void {
  const { questions, active } = state
  const index = questions.value.findIndex(({ id }) => id === active.value)
  const next = questions.value[Math.max(0, Math.min(questions.value.length - 1, index + by))]
  if (!next) return
  show(next)
  document.querySelector<HTMLElement>(`[data-card="${next.id}"] h2 button`)?.focus()
}
