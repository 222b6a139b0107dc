import { render } from 'preact'
import '../shared/theme.css'

render(<h1>Ask a text</h1>, document.getElementById('app')!)
