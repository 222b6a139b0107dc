import { useRef } from 'preact/hooks'
import type { SourcedAnswer } from '../../../src/server/http/collection-contract.ts'
import { documentLink } from '../../shared/document-link.ts'
import { Icon } from '../../shared/icon.tsx'
import { percent } from '../../shared/numbers.ts'
import { questionProblem } from '../asking.ts'
import * as collection from '../collection.ts'
import * as state from '../state.ts'
import { KeptNotice } from './kept-notice.tsx'
import { LocalStatus } from './local-status.tsx'

/** Questions to the documents, and their answers with links to their sources. */
export function CollectionAsking() {
  const box = useRef<HTMLInputElement>(null)
  const submit = (event: Event) => {
    event.preventDefault()
    const question = box.current!.value.trim()
    if (question === '') return
    state.complaint.value = questionProblem([question])
    if (state.complaint.value !== undefined) return
    void collection.search(question)
    box.current!.value = ''
  }
  return (
    <section class="asking" aria-label="Questions and answers">
      <KeptNotice />
      <form class="ask" onSubmit={submit}>
        <label for="question" class="unseen">
          Question
        </label>
        <div class="field">
          <input id="question" ref={box} autocomplete="off" placeholder="Ask a question about the documents" />
          <button type="submit" class="primary">
            Ask
          </button>
        </div>
      </form>
      {state.chosen.value.length > 1 && (
        <p class="note">Of the selected models, only {state.chosen.value[0]} answers from documents.</p>
      )}
      <LocalStatus />
      {collection.searchedQuestions.value.length === 0 && (
        <p class="hint">
          The model reads the passages that share the most important words with the question. Each answer links to its
          place in the document.
        </p>
      )}
      <ol class="cards" aria-label="Questions, newest first">
        {collection.searchedQuestions.value.map((asked) => (
          <Card key={asked.id} asked={asked} />
        ))}
      </ol>
    </section>
  )
}

function Card({ asked }: { readonly asked: collection.SearchedQuestion }) {
  const { id, question, within, response, problem } = asked
  return (
    <li class="card">
      <div class="head">
        <h2 dir="auto">{question}</h2>
        <button
          type="button"
          class="quiet remove"
          aria-label={`Remove the question: ${question}`}
          title="Remove"
          onClick={() => collection.forget(id)}
        >
          <Icon name="close" />
        </button>
      </div>
      {within.size > 0 && <p class="note">In {[...within.values()].join(', ')}</p>}
      {problem !== undefined && (
        <p class="failed">
          {problem}{' '}
          <button type="button" class="quiet" onClick={() => void collection.searchAgain(asked)}>
            Try again
          </button>
        </p>
      )}
      {problem === undefined && !response && <p class="note">Searching …</p>}
      {response && <Answers asked={asked} response={response} />}
    </li>
  )
}

interface AnswersProps {
  readonly asked: collection.SearchedQuestion
  readonly response: NonNullable<collection.SearchedQuestion['response']>
}

function Answers({ asked, response }: AnswersProps) {
  const { answers, passages } = response
  const isFitted = answers.some(({ confidence }) => confidence !== null)
  if (passages.length === 0) return <p class="none">No document contains any word of this question.</p>
  return (
    <ol class="sourced" aria-label="Answers, best first">
      {answers.map((one) => (
        <li key={`${one.source?.document.id} ${one.start} ${one.end}`}>
          {one.source ? (
            <a href={documentLink(one.source.document.id, one)}>
              <span class="words" dir="auto">
                {one.answer}
              </span>
              <span class="source" dir="auto">
                {collection.sourceOf(one)}
              </span>
            </a>
          ) : (
            <span class="none">No answer</span>
          )}
          <span
            class="sure"
            title={isFitted ? 'Probability that this answer is exactly right' : 'Probability among all spans'}
          >
            {shareOf(one, isFitted)}
          </span>
          {one.source && state.keptBelow.value !== undefined && <Confirmation asked={asked} answer={one} />}
        </li>
      ))}
    </ol>
  )
}

/** Says which answer is right, to a server that keeps corrections. */
function Confirmation({ asked, answer }: Pick<AnswersProps, 'asked'> & { readonly answer: SourcedAnswer }) {
  if (asked.confirmed === answer) return <span class="saved">Correct</span>
  return (
    <button
      type="button"
      class="quiet"
      aria-label={`This is right: ${answer.answer}`}
      onClick={() => void collection.confirmAnswer(asked, answer)}
    >
      This is right
    </button>
  )
}

/** The confidence, or a dash for variants of a better answer, which have none. The score if no confidence is fitted. */
function shareOf({ confidence, score }: { confidence: number | null; score: number }, isFitted: boolean): string {
  if (!isFitted) return percent(score)
  return confidence === null ? '–' : percent(confidence)
}
