import { useLayoutEffect, useRef } from 'preact/hooks'
import { Icon } from '../../shared/icon.tsx'
import { openText, openTextFile, takeDraft } from '../actions.ts'
import { type ExampleText, examples } from '../examples.ts'
import { READABLE } from '../logic/file-text.ts'
import * as state from '../state.ts'

/** The form for pasting, writing or opening a text. */
export function TextInput() {
  const box = useRef<HTMLTextAreaElement>(null)
  const text = state.text.value
  useLayoutEffect(() => {
    if (text !== '') box.current?.focus()
  }, [text])
  // A text pasted into the empty box is opened immediately instead of being edited.
  const onPaste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData?.getData('text/plain') ?? ''
    if (box.current!.value !== '' || pasted.trim() === '') return
    event.preventDefault()
    openText(pasted, '')
    document.getElementById('question')?.focus()
  }
  return (
    <section class="paper writing" aria-label="Text">
      <label class="unseen" for="text">
        The text to ask about
      </label>
      <textarea
        id="text"
        ref={box}
        value={state.draft.value}
        placeholder="Paste a text here, or drop a file."
        spellcheck={false}
        onPaste={onPaste}
        onInput={(event) => {
          state.draft.value = event.currentTarget.value
        }}
        onKeyDown={(event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey) && takeDraft()}
      />
      <div class="bar">
        <FileButton />
        <span class="note">txt, md, html, pdf</span>
        <button type="button" class="primary" disabled={state.draft.value.trim() === ''} onClick={takeDraft}>
          Use this text
        </button>
      </div>
      {text === '' && (
        <div class="examples">
          <h2>Or start from an example</h2>
          <ul>
            {examples.map((example) => (
              <li key={example.name}>
                <button type="button" onClick={() => void open(example)}>
                  <b>{example.name}</b>
                  <span>{example.about}</span>
                </button>
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  )
}

const open = async ({ text, name, questions }: ExampleText): Promise<void> => openText(await text(), name, questions)

/** A file chooser that looks and behaves like a button, also for keyboards and screen readers. */
export function FileButton() {
  const input = useRef<HTMLInputElement>(null)
  const onChange = () => {
    const file = input.current!.files?.[0]
    input.current!.value = ''
    if (file) void openTextFile(file)
  }
  return (
    <>
      <button type="button" class="from-file" onClick={() => input.current!.click()}>
        <Icon name="file" /> Choose a file
      </button>
      <input ref={input} type="file" accept={READABLE} hidden aria-label="File to read" onChange={onChange} />
    </>
  )
}
