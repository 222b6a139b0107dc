import { useRef } from 'preact/hooks'
import { percent } from '../../shared/numbers.ts'
import { takeDraft } from '../actions.ts'
import { ask, questionProblem } from '../asking.ts'
import * as state from '../state.ts'

/** The form for one question, or several with one per line. */
export function AskForm() {
  const box = useRef<HTMLTextAreaElement>(null)
  const hasText = state.text.value.trim() !== '' && !state.editing.value
  const submit = (event: Event) => {
    event.preventDefault()
    const lines = box.current!.value.split('\n')
    if (lines.every((line) => line.trim() === '')) return
    state.complaint.value = questionProblem(lines)
    if (state.complaint.value !== undefined) return
    // Asking a question also finishes editing the text.
    if (state.editing.value ? !takeDraft() : !hasText) {
      state.complaint.value = 'There is no text yet. Paste one, choose a file, or start from an example.'
      return
    }
    ask(lines)
    box.current!.value = ''
  }
  return (
    <form class="ask" onSubmit={submit}>
      <label for="question" class="unseen">
        Question, or several, one per line
      </label>
      <div class="field">
        <textarea
          id="question"
          ref={box}
          rows={1}
          placeholder="Ask a question about the text"
          aria-describedby="question-hint"
          onKeyDown={(event) => event.key === 'Enter' && !event.shiftKey && !event.isComposing && submit(event)}
        />
        <button type="submit" class="primary">
          Ask
        </button>
      </div>
      <p id="question-hint" class="note">
        For several questions at once, press Shift+Enter between them or paste them, one per line.
      </p>
      <Threshold />
    </form>
  )
}

function Threshold() {
  const { threshold, chosen } = state
  const isKnown = chosen.value.some(state.hasConfidence)
  const label = `${percent(threshold.value)} confidence`
  return (
    <>
      <div class="threshold">
        <label for="threshold">No answer below</label>
        <input
          id="threshold"
          type="range"
          min="0"
          max="99"
          step="1"
          disabled={!isKnown}
          value={Math.round(100 * threshold.value)}
          aria-valuetext={label}
          onInput={(event) => (threshold.value = Number(event.currentTarget.value) / 100)}
        />
        <output for="threshold">{isKnown ? label : '–'}</output>
      </div>
      {chosen.value.length > 0 && !isKnown && <p class="note">{state.NO_CONFIDENCE}.</p>}
    </>
  )
}
