import { Icon } from './icon.tsx'
import { isDark, toggleTheme } from './theme.ts'

export const ThemeButton = () => (
  <button type="button" class="tool" onClick={toggleTheme} title="Switch theme" aria-label="Switch theme">
    <Icon name={isDark() ? 'sun' : 'moon'} />
  </button>
)
