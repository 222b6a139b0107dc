import type { Example } from '../../../src/squad/types.ts'
import { ConfirmButton } from '../../shared/confirm-button.tsx'
import { downloadAs } from '../../shared/download.ts'
import { count, counted } from '../../shared/numbers.ts'
import { correctionTrainingCommand, fileOf, isFromServerFolder, versionOf } from '../logic/corrections.ts'
import * as state from '../state.ts'
import { CopyField } from './copy-field.tsx'
import { Dialog } from './dialog.tsx'

const FILE = 'corrections.json'

export function CorrectionsDialog() {
  return (
    <Dialog name="corrections" title="Corrections">
      {() => (state.corrections.value.length === 0 ? <Nothing /> : <Collected list={state.corrections.value} />)}
    </Dialog>
  )
}

const Nothing = () => (
  <p>
    If an answer is wrong, click “This is wrong” below it and mark the correct one in the text. You can download your
    corrections here and train a model on them.
  </p>
)

function Collected({ list }: { readonly list: readonly Example[] }) {
  const models = state.chosen.value.flatMap((id) => state.modelOf(id) ?? [])
  const model = models.find(({ exported }) => !exported) ?? models[0]
  return (
    <>
      <ul class="list">
        {list.map((one) => (
          <li key={one.id} class="pair">
            <span>
              <b dir="auto">{one.question}</b>
              <span dir="auto">{one.answers[0]?.text ?? 'No answer'}</span>
              <span class="note">{one.title}</span>
            </span>
            <button
              type="button"
              class="quiet"
              aria-label={`Remove the correction of: ${one.question}`}
              onClick={() => (state.corrections.value = list.filter(({ id }) => id !== one.id))}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
      <div class="row">
        <button
          type="button"
          class="primary"
          onClick={() => downloadAs(FILE, new Blob([fileOf(list)], { type: 'application/json' }))}
        >
          Download {count(list.length)} as SQuAD {versionOf(list)}
        </button>
        <ConfirmButton
          label="Remove all"
          question={`Remove ${counted(list.length, 'correction')}?`}
          onConfirm={() => (state.corrections.value = [])}
        />
      </div>
      {state.keptBelow.value !== undefined && (
        <p class="note">
          This server keeps your corrections too, also those that you remove here. They are reviewed{' '}
          {state.annotateAddress.value === undefined ? (
            <>
              with <code>spanforge annotate</code>
            </>
          ) : (
            <a href={state.annotateAddress.value}>on the annotation page</a>
          )}
          .
        </p>
      )}
      {model && (
        <>
          <h3>Reviewing corrections</h3>
          <CopyField
            label="Command that opens the corrections for annotation"
            text={`npx spanforge annotate ${FILE}`}
          />
          <h3>Training on corrections</h3>
          <p class="note">
            Run this command in the folder with the downloaded file
            {isFromServerFolder(model) ? ', which must be the folder in which the server was started' : ''}:
          </p>
          <CopyField
            label="Command that trains on the corrections"
            text={correctionTrainingCommand(list, FILE, model)}
          />
          {model.exported && (
            <p class="note">
              {model.id} is an exported model, which cannot be trained. Replace MODEL with the folder that it was
              exported from, or with another model, such as deepset/minilm-uncased-squad2.
            </p>
          )}
        </>
      )}
    </>
  )
}
