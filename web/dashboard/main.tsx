import { render } from 'preact'
import '../shared/theme.css'

render(<h1>Training</h1>, document.getElementById('app')!)
