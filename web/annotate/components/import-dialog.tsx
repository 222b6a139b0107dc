import { useState } from 'preact/hooks'
import type { ImportResult } from '../../../src/annotate/http/contract.ts'
import { ModalDialog } from '../../shared/modal-dialog.tsx'
import { counted } from '../../shared/numbers.ts'
import { importFile } from '../actions.ts'
import { annotating as state } from '../state.ts'

/** Adds questions from files. */
export const ImportDialog = () => (
  <ModalDialog name="import" open={state.openDialog} title="Import questions">
    {() => <Import />}
  </ModalDialog>
)

function Import() {
  const [result, setResult] = useState<ImportResult | undefined>(undefined)
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const take = async (input: HTMLInputElement) => {
    const [file] = input.files ?? []
    if (!file) return
    setResult(undefined)
    setProblem(undefined)
    try {
      setResult(await importFile(file))
    } catch (error) {
      setProblem((error as Error).message)
    }
    input.value = ''
  }
  return (
    <>
      <p>
        Questions and corrections of <code>spanforge serve</code>, SQuAD JSON, JSON lines or CSV, and exports of Label
        Studio, Prodigy and Doccano. For documents and Excel or Parquet files, start <code>spanforge annotate</code>{' '}
        with their names.
      </p>
      <label for="file">File with questions</label>
      <input
        id="file"
        type="file"
        accept=".json,.jsonl,.ndjson,.csv,.tsv,.txt"
        onChange={(event) => void take(event.currentTarget)}
      />
      <p class="failed" role="alert">
        {problem}
      </p>
      <div role="status">{result && <Result result={result} />}</div>
    </>
  )
}

const MAX_SHOWN = 10

function Result({ result: { questions, passages, known, corrected, skipped } }: { readonly result: ImportResult }) {
  return (
    <>
      <p>
        Added {counted(questions, 'question')} and {counted(passages, 'passage')}.
        {known > 0 && ` The project already had ${counted(known, 'question')}.`}
        {corrected > 0 && ` ${counted(corrected, 'question')} with new corrections.`}
      </p>
      {skipped.length > 0 && (
        <ul class="note">
          {skipped.slice(0, MAX_SHOWN).map(({ name, reason }) => (
            <li key={name + reason}>
              Skipped {name}: {reason}
            </li>
          ))}
          {skipped.length > MAX_SHOWN && <li>and {skipped.length - MAX_SHOWN} more</li>}
        </ul>
      )}
    </>
  )
}
