import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { comment as save } from '../actions.ts'
import { annotating as state } from '../state.ts'

interface Props {
  /** Id of a question; "" for the passage. */
  readonly id: string
  readonly comments: readonly { readonly annotator: string; readonly comment: string }[]
  readonly about: string
}

/** The comments on a question or the passage, and a form for the annotator's own comment. */
export function Comments({ id, comments, about }: Props) {
  const isWriting = state.commenting.value === id
  return (
    <>
      {comments.length > 0 && (
        <ul class="comments" aria-label={`Comments on ${about}`}>
          {comments.map(({ annotator, comment }) => (
            <li key={annotator} class="note">
              <b>{annotator || 'Imported'}:</b> <span dir="auto">{comment}</span>
            </li>
          ))}
        </ul>
      )}
      {isWriting && <CommentForm id={id} about={about} before={ownOf(comments)} />}
    </>
  )
}

const ownOf = (comments: Props['comments']): string =>
  comments.find(({ annotator }) => annotator === state.me.value)?.comment ?? ''

function CommentForm({ id, about, before }: { readonly id: string; readonly about: string; readonly before: string }) {
  const [words, setWords] = useState(before)
  const input = useRef<HTMLInputElement>(null)
  // Focus before the next key press, which would otherwise trigger a shortcut.
  useLayoutEffect(() => input.current?.focus(), [])
  const submit = (event: Event) => {
    event.preventDefault()
    void save(id, words.trim())
  }
  return (
    <form class="editor" onSubmit={submit}>
      <div class="field">
        <input
          ref={input}
          type="text"
          aria-label={`Comment on ${about}`}
          placeholder="Comment"
          autocomplete="off"
          maxLength={5000}
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        <button type="submit" class="primary">
          Save
        </button>
        <button type="button" class="quiet" onClick={() => (state.commenting.value = undefined)}>
          Cancel
        </button>
      </div>
    </form>
  )
}
