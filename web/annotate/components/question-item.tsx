import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { ShownQuestion } from '../../../src/annotate/http/contract.ts'
import type { Answer } from '../../../src/squad/types.ts'
import { ConfirmButton } from '../../shared/confirm-button.tsx'
import { Icon } from '../../shared/icon.tsx'
import { counted, percent } from '../../shared/numbers.ts'
import { addMark, edit, isSame, remove, select, setAnswers, withdraw } from '../actions.ts'
import { annotating as state } from '../state.ts'
import { Comments } from './comments.tsx'

interface Props {
  readonly question: ShownQuestion
}

/** A question with its answers. Words marked in the text become answers to the selected question. */
export function QuestionItem({ question }: Props) {
  const { id, own, others, source, author, label } = question
  const isSelected = state.selected.value === id
  const origin = [
    source && `from ${source}`,
    author && author !== state.me.value && `by ${author}`,
    others > 0 && `answered by ${counted(others, 'other')}`,
  ].filter(Boolean)
  return (
    <li class="card asked" data-question={id} aria-current={isSelected}>
      {state.editing.value === id || question.question === '' ? (
        <Editor question={question} />
      ) : (
        <h2>
          <button type="button" class="quiet title" aria-expanded={isSelected} dir="auto" onClick={() => select(id)}>
            {question.question}
          </button>
        </h2>
      )}
      {label !== undefined && question.question === '' && (
        <p class="note">The words marked “{label}” are its answer.</p>
      )}
      {origin.length > 0 && <p class="note">{origin.join(', ')}</p>}
      <Answers question={question} />
      {isSelected && <Marking question={question} />}
      <Proposals question={question} />
      {isSelected && (
        <div class="row tools">
          <button type="button" class="quiet" onClick={() => (state.editing.value = id)}>
            Edit
          </button>
          <button type="button" class="quiet" onClick={() => (state.commenting.value = id)}>
            Comment
          </button>
          {own && (
            <button type="button" class="quiet" onClick={() => void withdraw(id)}>
              Clear my answer
            </button>
          )}
          <ConfirmButton
            class="quiet delete"
            label="Delete"
            question="Delete for everyone?"
            onConfirm={() => void remove(id)}
          />
        </div>
      )}
      <Comments id={id} comments={question.comments} about={question.question} />
    </li>
  )
}

function Answers({ question: { id, own } }: Props) {
  if (!own) return null
  if (own.answers.length === 0) return <p class="answered">No answer in this passage</p>
  return (
    <ul class="answers" aria-label="My answers">
      {own.answers.map((answer) => (
        <li key={`${answer.answer_start} ${answer.text}`} class="answered">
          <span dir="auto">{answer.text}</span>
          <button
            type="button"
            class="quiet"
            aria-label={`Remove the answer: ${answer.text}`}
            onClick={() => void without(id, own.answers, answer)}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  )
}

/** Removes an answer. Removing the last one clears the response, which is not the same as "no answer". */
const without = (id: string, answers: readonly Answer[], answer: Answer): unknown =>
  answers.length === 1
    ? withdraw(id)
    : setAnswers(
        id,
        answers.filter((one) => !isSame(one, answer)),
      )

/** The actions for the marked words. */
function Marking({ question: { id, own } }: Props) {
  const { mark, current } = state
  const words = mark.value && current.value?.text.slice(mark.value.start, mark.value.end)
  return (
    <>
      <p class="note" role="status">
        {words ? (
          <>
            Marked: <q dir="auto">{words}</q>
          </>
        ) : (
          'Mark the answer in the text with the mouse, or press t and use the arrow keys.'
        )}
      </p>
      <div class="row">
        <button type="button" class="primary" disabled={!words} onClick={() => void addMark()}>
          {own && own.answers.length > 0 ? 'Add another answer' : 'This is the answer'}
        </button>
        {!(own && own.answers.length === 0) && (
          <button type="button" onClick={() => void setAnswers(id, [])}>
            No answer <kbd>0</kbd>
          </button>
        )}
      </div>
    </>
  )
}

/** The model's answer and those of the imported file, with a button to accept them. */
function Proposals({ question: { id, own, suggestion, given, source } }: Props) {
  const suggested = suggestion && {
    answers: suggestion.answer === '' ? [] : [{ text: suggestion.answer, answer_start: suggestion.answer_start }],
    from: `${suggestion.model} suggests, ${percent(suggestion.certainty)} certain:`,
  }
  const proposals = [suggested, given && { answers: given, from: `In ${source}:` }].filter((one) => one !== undefined)
  return (
    <>
      {proposals.map(({ answers, from }) => (
        <div key={from} class="proposal">
          <p>
            <span class="note">{from}</span>{' '}
            <span dir="auto">{answers.length > 0 ? answers.map(({ text }) => text).join(' | ') : 'no answer'}</span>
          </p>
          {!isTaken(own?.answers, answers) && (
            <button
              type="button"
              onClick={() => {
                select(id)
                void setAnswers(id, answers)
              }}
            >
              Accept
            </button>
          )}
        </div>
      ))}
    </>
  )
}

const isTaken = (own: readonly Answer[] | undefined, answers: readonly Answer[]): boolean =>
  own !== undefined &&
  (answers.length === 0 ? own.length === 0 : answers.every((answer) => own.some((one) => isSame(one, answer))))

function Editor({ question: { id, question } }: Props) {
  const [words, setWords] = useState(question)
  const input = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => {
    if (state.editing.value === id) input.current?.focus()
  }, [id])
  const submit = (event: Event) => {
    event.preventDefault()
    if (words.trim() !== '') void edit(id, words.trim())
  }
  return (
    <form class="editor" onSubmit={submit}>
      <div class="field">
        <input
          ref={input}
          type="text"
          aria-label={question === '' ? 'Question that the marked words answer' : 'Question'}
          placeholder="Write the question"
          autocomplete="off"
          maxLength={5000}
          value={words}
          onFocus={() => state.selected.value !== id && select(id)}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        <button type="submit" class="primary" disabled={words.trim() === ''}>
          Save
        </button>
        {question !== '' && (
          <button type="button" class="quiet" onClick={() => (state.editing.value = undefined)}>
            Cancel
          </button>
        )}
      </div>
    </form>
  )
}
