import { KeyList } from '../../shared/key-list.tsx'
import { ModalDialog } from '../../shared/modal-dialog.tsx'
import { KEYS } from '../shortcuts.ts'
import { annotating as state } from '../state.ts'

export const KeysDialog = () => (
  <ModalDialog name="help" open={state.openDialog} title="Help and keys">
    {() => (
      <>
        <p>
          Write questions about each passage, and mark the words that answer them. A question can have several answers,
          or none if the passage does not answer it. Everything is saved at once. “Export” downloads all answered
          questions as SQuAD JSON, for <code>spanforge train</code>.
        </p>
        {KEYS.map(([heading, keys]) => (
          <section key={heading}>
            <h3>{heading}</h3>
            <KeyList keys={keys} wide />
          </section>
        ))}
      </>
    )}
  </ModalDialog>
)
