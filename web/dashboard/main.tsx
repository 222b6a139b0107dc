import { render } from 'preact'
import '../shared/styles/theme.css'
import './style.css'
import './panels.css'
import './questions.css'
import './table.css'
import { restoreTheme } from '../shared/theme.ts'
import { DashboardPage } from './app.tsx'
import { begin } from './store.ts'

restoreTheme()
render(<DashboardPage />, document.getElementById('app')!)
void begin()
