import { render } from 'preact'
import '../shared/styles/theme.css'
import '../shared/styles/page.css'
import '../shared/styles/text.css'
import '../shared/styles/marks.css'
import '../shared/styles/dialogs.css'
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
