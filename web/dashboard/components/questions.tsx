import { useSignal } from '@preact/signals'
import type { Prediction, WatchedQuestion } from '../../../src/dashboard/records.ts'
import type { RunView } from '../../../src/dashboard/run-view.ts'
import { percentage } from '../../../src/report/render/format.ts'
import { placeOf } from '../../../src/report/summary/history.ts'
import { marked } from './spans.ts'

/** A few validation questions with the answers of each evaluation, which show how the model improves. */
export function Questions({ view: { questions, evaluations } }: { readonly view: RunView }) {
  // Undefined follows the latest evaluation.
  const chosen = useSignal<number | undefined>(undefined)
  if (questions.length === 0) return null
  const last = evaluations.length - 1
  const index = Math.min(chosen.value ?? last, last)
  const shown = evaluations[index]
  const right = shown?.predictions.filter(({ exact_match }) => exact_match === 1).length ?? 0
  const choose = (i: number) => {
    chosen.value = i >= last ? undefined : i
  }
  return (
    <section class="questions" aria-labelledby="questions-title">
      <div class="section-title">
        <h2 id="questions-title">Validation questions</h2>
        {shown ? (
          <p>
            <b>{right}</b> of {shown.predictions.length} exactly right at {placeOf(shown)}
          </p>
        ) : (
          <p>The model's answers appear here after the first evaluation.</p>
        )}
      </div>
      {last > 0 && (
        <label class="slider">
          <span>Evaluation</span>
          <input
            type="range"
            min={0}
            max={last}
            step={1}
            value={index}
            aria-valuetext={placeOf(shown)}
            onInput={({ currentTarget }) => choose(Number(currentTarget.value))}
          />
          <output>{placeOf(shown)}</output>
        </label>
      )}
      <ul class="cards">
        {questions.map((question) => (
          <Question
            key={question.id}
            question={question}
            index={index}
            answers={evaluations.map((evaluation) => evaluation.predictions.find(({ id }) => id === question.id))}
            places={evaluations.map(placeOf)}
            choose={choose}
          />
        ))}
      </ul>
      <p class="key">
        <mark class="gold">correct answer</mark> <mark class="predicted">the model's answer</mark>{' '}
        <mark class="gold predicted">both</mark>
      </p>
    </section>
  )
}

interface QuestionProps {
  readonly question: WatchedQuestion
  readonly index: number
  readonly answers: readonly (Prediction | undefined)[]
  readonly places: readonly string[]
  readonly choose: (index: number) => void
}

function Question({ question, index, answers, places, choose }: QuestionProps) {
  const answer = answers[index]
  return (
    <li class="card">
      <h3>{question.question}</h3>
      <p class="context">
        {marked(question, answer).map(({ text, kind }, i) =>
          kind ? (
            <mark class={kind} key={i}>
              {text}
            </mark>
          ) : (
            text
          ),
        )}
      </p>
      {answer && (
        <p class={`answer ${verdictOf(answer)}`}>
          <span>{answer.end > answer.start ? question.context.slice(answer.start, answer.end) : 'no answer'}</span>
          <small>
            probability {percentage(answer.score)}, {WORDS[verdictOf(answer)]}
          </small>
        </p>
      )}
      {answers.length > 1 && (
        <ol class="history" aria-label="By evaluation">
          {answers.map((past, i) => (
            <li key={places[i]}>
              <button
                type="button"
                class={past ? verdictOf(past) : ''}
                aria-current={i === index}
                aria-label={`${places[i]}: ${past ? WORDS[verdictOf(past)] : 'not asked'}`}
                title={places[i]}
                onClick={() => choose(i)}
              />
            </li>
          ))}
        </ol>
      )}
    </li>
  )
}

type Verdict = 'right' | 'partly' | 'wrong'

const WORDS: Readonly<Record<Verdict, string>> = { right: 'right', partly: 'partly right', wrong: 'wrong' }

function verdictOf({ exact_match, f1 }: Prediction): Verdict {
  if (exact_match === 1) return 'right'
  return f1 > 0 ? 'partly' : 'wrong'
}
