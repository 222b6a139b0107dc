/** The light or dark theme of a page. */
import { signal } from '@preact/signals'
import { keep, kept } from './storage.ts'

type Theme = 'light' | 'dark'

const systemIsDark = matchMedia('(prefers-color-scheme: dark)')

/** The chosen theme; undefined follows the system setting. */
const theme = signal<Theme | undefined>(undefined)
/** Counts color changes, because canvases must be redrawn after each. */
export const colorsChanged = signal(0)

systemIsDark.addEventListener('change', () => {
  colorsChanged.value++
})

/** Whether the page is dark. Components that read it are rendered again when that changes. */
export const isDark = (): boolean =>
  colorsChanged.value >= 0 && (theme.value ? theme.value === 'dark' : systemIsDark.matches)

/** Applies the theme that was chosen on an earlier visit. */
export function restoreTheme(): void {
  const stored = kept('theme')
  apply(stored === 'light' || stored === 'dark' ? stored : undefined)
}

export function toggleTheme(): void {
  apply(isDark() ? 'light' : 'dark')
  keep('theme', theme.value)
}

function apply(next: Theme | undefined): void {
  theme.value = next
  if (next) document.documentElement.dataset.theme = next
  colorsChanged.value++
}
