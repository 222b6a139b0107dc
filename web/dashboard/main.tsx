import { render } from 'preact'
import '../shared/theme.css'
import './style.css'
import './panels.css'
import './questions.css'
import './table.css'
import { App } from './app.tsx'
import { begin } from './store.ts'

render(<App />, document.getElementById('app')!)
void begin()
