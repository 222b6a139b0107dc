import { useRef } from 'preact/hooks'
import type { Layer } from '../../../src/analysis/browser/segments.ts'
import type { Answer } from '../../../src/squad/types.ts'
import { Marked } from '../../shared/marked.tsx'
import { useSelection } from '../../shared/selection.ts'
import { addMark, markSpan, setStatus, step } from '../actions.ts'
import { markAfter } from '../logic/keyboard.ts'
import { annotating as state } from '../state.ts'
import { passagePlace } from './passages-pane.tsx'

/** The text of the passage, in which answers are marked. */
export function PassagePane() {
  const passage = state.current.value
  return (
    <section class={`paper reading${state.mark.value ? ' marking' : ''}`} aria-label="Passage">
      <div class="bar">
        <button
          type="button"
          class="open-list"
          aria-expanded={state.isListOpen.value}
          onClick={() => (state.isListOpen.value = !state.isListOpen.value)}
        >
          Passages
        </button>
        <h2 title={passage && passagePlace(passage)} dir="auto">
          {passage ? passagePlace(passage) : 'No passage'}
        </h2>
        <span class="steps">
          <button type="button" aria-label="Previous passage (k)" onClick={() => void step(-1)}>
            ←
          </button>
          <button type="button" aria-label="Next passage (j)" onClick={() => void step(1)}>
            →
          </button>
        </span>
      </div>
      <div class="view">{passage && <Text text={passage.text} />}</div>
      {passage && <Tools status={passage.status} />}
    </section>
  )
}

function Text({ text }: { readonly text: string }) {
  const view = useRef<HTMLElement>(null)
  useSelection(view, (span) => {
    markSpan(span)
    return true
  })
  return (
    <section
      id="passage"
      class="text"
      ref={view}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the words are marked with the keyboard.
      tabIndex={0}
      aria-label="The text. Arrow keys mark a word, Shift with arrow keys extends the mark, Enter saves it as an answer."
      dir="auto"
      onKeyDown={(event) => onKey(event, text)}
    >
      <div class="block" data-start="0">
        <Marked text={text} layers={layersOf(text)} />
      </div>
    </section>
  )
}

function onKey(event: KeyboardEvent, text: string): void {
  if (event.ctrlKey || event.metaKey) return
  if (event.key === 'Enter' && state.mark.value) {
    event.preventDefault()
    if (state.selectedQuestion.value) void addMark()
    else document.getElementById('new-question')?.focus()
    return
  }
  const next = markAfter(text, state.mark.value, event)
  if (!next) return
  event.preventDefault()
  markSpan(next)
  requestAnimationFrame(() => document.querySelector('#passage mark.marked')?.scrollIntoView({ block: 'nearest' }))
}

/** Highlights: the mark, and the answers to the selected question. */
function layersOf(text: string): Layer[] {
  const question = state.selectedQuestion.value
  const layer = (name: string) => (answer: Answer) => ({
    name,
    start: answer.answer_start,
    end: answer.answer_start + answer.text.length,
  })
  const { mark } = state
  const suggestion = question?.suggestion
  return [
    ...(suggestion?.answer
      ? [layer('further-0')({ text: suggestion.answer, answer_start: suggestion.answer_start })]
      : []),
    ...(question?.given ?? []).map(layer('further-1')),
    ...(question?.own?.answers ?? []).map(layer('best-2')),
    ...(mark.value && mark.value.end <= text.length ? [{ name: 'marked', ...mark.value }] : []),
  ]
}

function Tools({ status }: { readonly status: 'open' | 'done' | 'skipped' }) {
  const { commenting } = state
  // The second click of a double click would be about the next passage.
  const onClick = (next: typeof status) => (event: MouseEvent) => event.detail < 2 && void setStatus(next)
  return (
    <div class="bar tools">
      {status === 'open' ? (
        <>
          <button type="button" class="primary" onClick={onClick('done')}>
            Done <kbd>d</kbd>
          </button>
          <button type="button" onClick={onClick('skipped')}>
            Skip <kbd>s</kbd>
          </button>
        </>
      ) : (
        <>
          <span class="note">{status === 'done' ? 'This passage is done.' : 'You have skipped this passage.'}</span>
          <button type="button" onClick={onClick('open')}>
            Open again
          </button>
        </>
      )}
      <button type="button" class="quiet" onClick={() => (commenting.value = '')}>
        Comment on the passage
      </button>
    </div>
  )
}
