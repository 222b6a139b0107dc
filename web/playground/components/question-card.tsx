import { memo } from 'preact/compat'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { Icon } from '../../shared/icon.tsx'
import { correct, startMarking } from '../actions.ts'
import { askMissing, forgetQuestion, show } from '../asking.ts'
import { verdictOf } from '../logic/verdict.ts'
import * as state from '../state.ts'
import { CorrectionPanel } from './correction-panel.tsx'
import { ReadingView } from './reading-view.tsx'

interface CardProps {
  readonly asked: state.PlaygroundQuestion
}

/** A question with the answers of each model. Answers to other questions do not render it again. */
export const QuestionCard = memo(({ asked }: CardProps) => {
  const card = useRef<HTMLLIElement>(null)
  const isActive = state.active.value === asked.id
  const isMarking = state.marking.value?.asked === asked.id
  const wasMarking = useRef(false)
  useLayoutEffect(() => {
    // When the panel closes, its focused button disappears; move the focus to the button that opened the panel.
    if (!isMarking && wasMarking.current && document.activeElement === document.body)
      card.current?.querySelector<HTMLElement>('.wrong')?.focus({ preventScroll: true })
    wasMarking.current = isMarking
  }, [isMarking])
  return (
    <li class="card" ref={card} data-card={asked.id} aria-current={isActive}>
      <div class="head">
        <h2>
          <button
            type="button"
            class="quiet"
            dir="auto"
            title="Show its answers in the text"
            onClick={() => show(asked)}
          >
            {asked.question}
          </button>
        </h2>
        <button
          type="button"
          class="quiet remove"
          aria-label={`Remove the question: ${asked.question}`}
          title="Remove"
          onClick={() => forgetQuestion(asked.id)}
        >
          <Icon name="close" />
        </button>
      </div>
      {state.chosen.value.length === 0 && <NoModel />}
      <div class="readings">
        {state.chosen.value.map((model, place) => (
          <ReadingView key={model} asked={asked} model={model} place={place} />
        ))}
      </div>
      {isMarking ? <CorrectionPanel asked={asked} /> : <Judgment asked={asked} />}
    </li>
  )
})

/** Shown until the models are loaded. */
function NoModel() {
  if (state.isLoadingModels.value) return <p class="note">Loading the models …</p>
  return (
    <p class="failed">
      The models could not be loaded.{' '}
      <button type="button" class="quiet" onClick={askMissing}>
        Try again
      </button>
    </p>
  )
}

/** Buttons to confirm or correct the answer once there is one. */
function Judgment({ asked }: CardProps) {
  const results = state.chosen.value.flatMap((model) => asked.readings[model]?.result ?? [])
  const isDone = state.chosen.value.some((model) => asked.readings[model]?.state === 'done')
  if (!isDone) return null
  const { answer } = verdictOf(results[0], state.threshold.value)
  const known = state.knownAnswer(asked.question)
  const saved = known === null ? 'no answer' : known && `“${known.text}”`
  return (
    <div class="judgment">
      {saved && <span class="saved">Correct: {saved}</span>}
      {!saved && results.length === 1 && (
        <button type="button" class="quiet" onClick={() => correct(asked, answer)}>
          This is right
        </button>
      )}
      <button type="button" class="quiet wrong" onClick={() => startMarking(asked)}>
        {saved ? 'Change' : results.length === 1 ? 'This is wrong' : 'Mark the correct answer'}
      </button>
    </div>
  )
}
