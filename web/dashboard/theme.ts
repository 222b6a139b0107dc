import { signal } from '@preact/signals'

export type Theme = 'light' | 'dark'

const systemIsDark = matchMedia('(prefers-color-scheme: dark)')
const KEY = 'spanforge-theme'

/** The chosen theme; undefined follows the system setting. */
export const theme = signal<Theme | undefined>(kept())
/** Counts color changes, because canvases must be redrawn after each. */
export const colorsChanged = signal(0)

apply()
systemIsDark.addEventListener('change', () => {
  colorsChanged.value++
})

export const isDark = (): boolean => (theme.value ? theme.value === 'dark' : systemIsDark.matches)

export function toggleTheme(): void {
  theme.value = isDark() ? 'light' : 'dark'
  try {
    localStorage.setItem(KEY, theme.value)
  } catch {
    // Without storage the theme applies until the page is closed.
  }
  apply()
  colorsChanged.value++
}

function apply(): void {
  if (theme.value) document.documentElement.dataset.theme = theme.value
}

function kept(): Theme | undefined {
  try {
    const found = localStorage.getItem(KEY)
    return found === 'light' || found === 'dark' ? found : undefined
  } catch {
    return undefined
  }
}
