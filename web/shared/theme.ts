/** The light or dark theme of a page. */
import { signal } from '@preact/signals'

type Theme = 'light' | 'dark'

const systemIsDark = matchMedia('(prefers-color-scheme: dark)')

/** The chosen theme; undefined follows the system setting. */
const theme = signal<Theme | undefined>(undefined)
/** Counts color changes, because canvases must be redrawn after each. */
export const colorsChanged = signal(0)
let key = ''

systemIsDark.addEventListener('change', () => {
  colorsChanged.value++
})

/** Whether the page is dark. Components that read it are rendered again when that changes. */
export const isDark = (): boolean =>
  colorsChanged.value >= 0 && (theme.value ? theme.value === 'dark' : systemIsDark.matches)

/** Applies the theme that is stored under `name` in the browser. */
export function restoreTheme(name: string): void {
  key = name
  apply(stored())
}

export function toggleTheme(): void {
  apply(isDark() ? 'light' : 'dark')
  try {
    localStorage.setItem(key, theme.value!)
  } catch {
    // Without storage the theme applies until the page is closed.
  }
}

function apply(next: Theme | undefined): void {
  theme.value = next
  if (next) document.documentElement.dataset.theme = next
  colorsChanged.value++
}

function stored(): Theme | undefined {
  try {
    const found = localStorage.getItem(key)
    return found === 'light' || found === 'dark' ? found : undefined
  } catch {
    return undefined
  }
}
