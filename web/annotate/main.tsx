import { render } from 'preact'
import '../shared/theme.css'
import '../playground/styles/page.css'
import '../playground/styles/text.css'
import '../playground/styles/marks.css'
import '../playground/styles/dialogs.css'
import './styles/layout.css'
import './styles/list.css'
import './styles/questions.css'
import './styles/narrow.css'
import { restoreTheme } from '../shared/theme.ts'
import { openProject } from './actions.ts'
import { App } from './app.tsx'

restoreTheme()
render(<App />, document.getElementById('app')!)
void openProject()
