import { areOn, SHORTCUTS, setShortcuts } from '../shortcuts.ts'
import { Dialog } from './dialog.tsx'

export const HelpDialog = () => (
  <Dialog name="help" title="Help">
    {() => (
      <>
        <p>
          The model reads the text and marks the words that answer the question. It makes nothing up: every answer is a
          passage of your text. The percentage says how likely the answer is right, word for word: of the answers with
          70&nbsp;%, about 7 in 10 are right. It was fitted on questions with known answers. A model that was evaluated
          on fewer than 200 such questions shows no percentages.
        </p>
        <p>
          Further answers are listed below the first. Point at one to highlight it in the text; click it to go there. A
          long text is read in windows, and the page shows the best answers so far.
        </p>
        <h3>Keyboard shortcuts</h3>
        <dl class="keys">
          {SHORTCUTS.map(([key, what]) => (
            <div key={key}>
              <dt>
                {key.split('  ').map((one) => (
                  <kbd key={one}>{one}</kbd>
                ))}
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <label class="check">
          <input
            type="checkbox"
            checked={areOn.value}
            onChange={(event) => setShortcuts(event.currentTarget.checked)}
          />
          Use keyboard shortcuts
        </label>
        <p class="note">Texts and questions are sent only to the server that this page came from.</p>
      </>
    )}
  </Dialog>
)
