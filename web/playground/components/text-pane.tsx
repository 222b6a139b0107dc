import { useMemo } from 'preact/hooks'
import { counted, wordsIn } from '../../shared/numbers.ts'
import { openText } from '../actions.ts'
import { forgetQuestions } from '../asking.ts'
import * as state from '../state.ts'
import { Rail } from './rail.tsx'
import { FileButton } from './text-input.tsx'
import { TextView } from './text-view.tsx'

/** The text with its toolbar. */
export function TextPane() {
  const text = state.text.value
  const words = useMemo(() => wordsIn(text), [text])
  const startOver = () => {
    forgetQuestions()
    openText('', '')
  }
  return (
    <section class={`paper reading${state.marking.value ? ' marking' : ''}`} aria-label="Text">
      <div class="bar">
        <h2 title={state.name.value}>{state.name.value || 'Your text'}</h2>
        <span class="note">{counted(words, 'word')}</span>
        <FileButton />
        <button type="button" onClick={() => (state.editing.value = true)}>
          Edit
        </button>
        <button type="button" onClick={startOver}>
          New text
        </button>
      </div>
      <div class="view">
        <TextView text={text} />
        <Rail text={text} />
      </div>
    </section>
  )
}
