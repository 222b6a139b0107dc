import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { occurrences } from '../../shared/marking.ts'
import { correct, mark } from '../actions.ts'
import { type Choice, choicesOf, verdictOf } from '../logic/verdict.ts'
import * as state from '../state.ts'
import { Confidence } from './confidence.tsx'

/**
 * The form for correcting an answer. The user marks the right passage with the mouse or arrow keys in the text, types
 * it, or chooses one of the other answers.
 */
export function CorrectionPanel({ asked }: { readonly asked: state.PlaygroundQuestion }) {
  const form = useRef<HTMLFormElement>(null)
  const input = useRef<HTMLInputElement>(null)
  const [words, setWords] = useState('')
  const [place, setPlace] = useState(0)
  const text = state.text.value
  const found = occurrences(text, words)
  const span = state.marking.value?.span
  // Focus before the next key press. On touch screens the keyboard would hide the text.
  useLayoutEffect(() => {
    if (matchMedia('(pointer: fine)').matches) input.current?.focus({ preventScroll: true })
    form.current?.scrollIntoView({ block: isOneColumn() ? 'start' : 'nearest' })
  }, [])
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
    if (span) correct(asked, span)
  }
  return (
    <form class="correction" ref={form} onSubmit={save} aria-label="Correct answer">
      <label for="right">Mark the correct answer in the text, or type it as it appears there</label>
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
          'The text does not contain this.'
        ) : (
          'By keyboard: press Tab to reach the text, arrow keys to move, and Shift with arrow keys to extend.'
        )}
      </p>
      <Choices asked={asked} />
      <div class="row">
        <button type="submit" class="primary" disabled={!span}>
          This is the answer
        </button>
        <button type="button" onClick={() => correct(asked, undefined)}>
          There is no answer
        </button>
        <button type="button" class="quiet" onClick={() => (state.marking.value = undefined)}>
          Cancel
        </button>
      </div>
    </form>
  )
}

/** Whether the text is above the answers instead of next to them; see styles/narrow.css. */
const isOneColumn = (): boolean => matchMedia('(max-width: 52rem)').matches

/** The answers found by the models, to choose the correct one with a single click. */
function Choices({ asked }: { readonly asked: state.PlaygroundQuestion }) {
  const { chosen, lit, threshold } = state
  const choices = choicesFor(asked, threshold.value)
  if (choices.length === 0) return null
  const unlight = () => (lit.value = undefined)
  const take = ({ answer }: Choice) => {
    unlight()
    correct(asked, answer)
  }
  return (
    <>
      <p id="choices">Or choose one of the answers found:</p>
      <ul class="choices" aria-labelledby="choices">
        {choices.map((choice) => {
          const { model, index, answer } = choice
          const light = () => (lit.value = { asked: asked.id, model, index })
          return (
            <li key={`${answer.start} ${answer.end}`} class={`model-${chosen.value.indexOf(model) % 4}`}>
              <button
                type="button"
                onMouseEnter={light}
                onMouseLeave={unlight}
                onFocus={light}
                onBlur={unlight}
                onClick={() => take(choice)}
              >
                {chosen.value.length > 1 && <span class="dot" />}
                <span class="words" dir="auto">
                  {answer.answer}
                </span>
                <Confidence answer={answer} model={model} />
              </button>
            </li>
          )
        })}
      </ul>
    </>
  )
}

/** With a single model, excludes the answer marked as wrong, unless a saved correction is being changed. */
function choicesFor(asked: state.PlaygroundQuestion, threshold: number): Choice[] {
  const readings = state.chosen.value.flatMap((model) => {
    const result = asked.readings[model]?.result
    return result ? [{ model, ...result }] : []
  })
  const isWrong = readings.length === 1 && state.knownAnswer(asked.question) === undefined
  return choicesOf(readings, state.MAX_SHOWN, isWrong ? verdictOf(readings[0], threshold).answer : undefined)
}
