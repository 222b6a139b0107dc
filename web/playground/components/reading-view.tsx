import { percent } from '../../shared/numbers.ts'
import { askAgain } from '../asking.ts'
import { shownAnswers, verdictOf } from '../logic/verdict.ts'
import * as state from '../state.ts'
import { Confidence } from './confidence.tsx'

interface ReadingProps {
  readonly asked: state.PlaygroundQuestion
  readonly model: string
  readonly place: number
}

/** The answers of one model with their confidence as bars. */
export function ReadingView({ asked, model, place }: ReadingProps) {
  const reading = asked.readings[model]
  const isMany = state.chosen.value.length > 1
  return (
    <div class={`one model-${place % 4}`}>
      {isMany && (
        <h3>
          <span class="dot" />
          {model}
        </h3>
      )}
      {reading && <ProgressBar reading={reading} />}
      {reading?.state === 'failed' && (
        <p class="failed">
          {reading.problem}{' '}
          <button type="button" class="quiet" onClick={() => askAgain(asked.id, model)}>
            Try again
          </button>
        </p>
      )}
      {reading?.result && <Answers asked={asked} model={model} result={reading.result} />}
    </div>
  )
}

function ProgressBar({ reading: { state: now, done, total } }: { readonly reading: state.ModelAnswers }) {
  if (now === 'waiting') return <p class="note">Waiting for the model …</p>
  if (now !== 'reading') return null
  return (
    <p class="note progress">
      <progress value={done} max={Math.max(1, total)} aria-label="Reading progress" />
      {total > 1 ? `${done} of ${total} windows` : 'Reading …'}
    </p>
  )
}

interface AnswersProps {
  readonly asked: state.PlaygroundQuestion
  readonly model: string
  readonly result: NonNullable<state.ModelAnswers['result']>
}

function Answers({ asked, model, result }: AnswersProps) {
  const { answer, best } = verdictOf(result, state.threshold.value)
  const isLit = (index: number) => {
    const { value } = state.lit
    return value?.asked === asked.id && value.model === model && value.index === index
  }
  const light = (index: number) => (state.lit.value = { asked: asked.id, model, index })
  const unlight = () => (state.lit.value = undefined)
  return (
    <>
      {!answer && (
        <p class="none">
          No answer
          {typeof best?.confidence === 'number' && (
            <span class="note"> The best guess has only {percent(best.confidence)} confidence.</span>
          )}
        </p>
      )}
      <ol class="bars" aria-label="Answers, best first">
        {shownAnswers(result.answers, state.MAX_SHOWN).map((one, index) => (
          <li key={`${one.start} ${one.end}`}>
            <button
              type="button"
              class={`answer${one === answer ? ' chosen' : ''}${isLit(index) ? ' lit' : ''}`}
              onMouseEnter={() => light(index)}
              onMouseLeave={unlight}
              onFocus={() => light(index)}
              onBlur={unlight}
              onClick={() => go(asked, one)}
            >
              <span class="words" dir="auto">
                {one.answer || 'No answer'}
              </span>
              <Confidence answer={one} model={model} />
              {one.confidence !== null && <span class="bar" style={{ inlineSize: `${100 * one.confidence}%` }} />}
            </button>
          </li>
        ))}
      </ol>
    </>
  )
}

function go({ id }: state.PlaygroundQuestion, { start, end }: { readonly start: number; readonly end: number }): void {
  state.active.value = id
  if (start < end) state.goTo.value = { start, end }
}
