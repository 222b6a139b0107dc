import { useEffect, useRef, useState } from 'preact/hooks'
import { correct, mark } from '../actions.ts'
import { occurrences } from '../logic/marking.ts'
import * as state from '../state.ts'

/** Marks the right answer: with the mouse in the text, by its words here, or with the arrow keys in the text. */
export function CorrectionPanel({ asked }: { readonly asked: state.Asked }) {
  const input = useRef<HTMLInputElement>(null)
  const [words, setWords] = useState('')
  const [place, setPlace] = useState(0)
  const text = state.text.value
  const found = occurrences(text, words)
  const span = state.marking.value?.span
  useEffect(() => input.current?.focus({ preventScroll: true }), [])
  const choose = (typed: string, at: number) => {
    const places = occurrences(text, typed)
    const next = places.length === 0 ? 0 : (at + places.length) % places.length
    setWords(typed)
    setPlace(next)
    mark(places[next])
    if (places[next]) state.goTo.value = places[next]
  }
  const save = (event: Event) => {
    event.preventDefault()
    if (span) correct(asked.question, span)
  }
  return (
    <form class="correction" onSubmit={save} aria-label="The right answer">
      <label for="right">Mark the right answer in the text, or type it as it stands there</label>
      <div class="field">
        <input
          id="right"
          ref={input}
          type="text"
          autocomplete="off"
          value={words}
          onInput={(event) => choose(event.currentTarget.value, 0)}
        />
        {found.length > 1 && (
          <>
            <span class="note">
              {place + 1} of {found.length}
            </span>
            <button type="button" aria-label="Previous place" onClick={() => choose(words, place - 1)}>
              ↑
            </button>
            <button type="button" aria-label="Next place" onClick={() => choose(words, place + 1)}>
              ↓
            </button>
          </>
        )}
      </div>
      <p class="note" role="status">
        {span ? (
          <>
            Marked: <q dir="auto">{text.slice(span.start, span.end)}</q>
          </>
        ) : words.trim() ? (
          'The text does not say this.'
        ) : (
          'By keyboard: Tab to the text, arrows to move, Shift and arrows to stretch.'
        )}
      </p>
      <div class="row">
        <button type="submit" class="primary" disabled={!span}>
          This is the answer
        </button>
        <button type="button" onClick={() => correct(asked.question, undefined)}>
          There is no answer
        </button>
        <button type="button" class="quiet" onClick={() => (state.marking.value = undefined)}>
          Cancel
        </button>
      </div>
    </form>
  )
}
