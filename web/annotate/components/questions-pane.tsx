import { useState } from 'preact/hooks'
import { addQuestion } from '../actions.ts'
import { annotating as state } from '../state.ts'
import { Comments } from './comments.tsx'
import { QuestionItem } from './question-item.tsx'

/** The questions about the passage. */
export function QuestionsPane() {
  const passage = state.current.value
  return (
    <section class="questions" aria-label="Questions about the passage">
      {passage && <NewQuestion key={passage.id} />}
      {passage && <Comments id="" comments={passage.comments} about="the passage" />}
      {passage?.questions.length === 0 && (
        <p class="hint">
          Write a question that the passage answers, and mark the answer in the text. Or mark the words first, and then
          write the question. Press <kbd>?</kbd> for all keys.
        </p>
      )}
      <ol class="cards" aria-label="Questions">
        {passage?.questions.map((question) => (
          <QuestionItem key={question.id} question={question} />
        ))}
      </ol>
    </section>
  )
}

function NewQuestion() {
  const [words, setWords] = useState('')
  const { mark, selected, current } = state
  const isAnswered = mark.value !== undefined && selected.value === undefined
  const submit = async (event: Event) => {
    event.preventDefault()
    const question = words.trim()
    if (question === '') return
    setWords('')
    if (!(await addQuestion(question))) setWords((later) => later || question)
    // Move the focus to the text, where the answer is marked next.
    else document.getElementById('passage')?.focus({ preventScroll: true })
  }
  return (
    <form class="ask" onSubmit={submit}>
      <label for="new-question" class="unseen">
        New question
      </label>
      <div class="field">
        <input
          id="new-question"
          class="typed"
          type="text"
          autocomplete="off"
          placeholder="New question"
          maxLength={5000}
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        <button type="submit" class="primary" disabled={words.trim() === ''}>
          Add
        </button>
      </div>
      {isAnswered && (
        <p class="note">
          Its answer: <q dir="auto">{current.value!.text.slice(mark.value!.start, mark.value!.end)}</q>
        </p>
      )}
    </form>
  )
}
