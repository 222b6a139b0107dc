import { signal } from '@preact/signals'
import { keep, kept } from './logic/storage.ts'

export type Theme = 'light' | 'dark'

/** The chosen theme; undefined follows the system setting. */
export const theme = signal<Theme | undefined>(undefined)

export function restoreTheme(): void {
  const found = kept('theme')
  setTheme(found === 'light' || found === 'dark' ? found : undefined)
}

export function toggleTheme(): void {
  const isDark = theme.value ? theme.value === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  setTheme(isDark ? 'light' : 'dark')
}

function setTheme(next: Theme | undefined): void {
  theme.value = next
  if (next) document.documentElement.dataset.theme = next
  else delete document.documentElement.dataset.theme
  keep('theme', next)
}
