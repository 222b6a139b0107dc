import { areOn, SHORTCUTS, setShortcuts } from '../shortcuts.ts'
import { Dialog } from './dialog.tsx'

export const HelpDialog = () => (
  <Dialog name="help" title="Help">
    {() => (
      <>
        <p>
          The model reads the text and marks the words in it that answer the question. It makes nothing up: every answer
          is a passage of your text. The percentage says how likely the answer is right, word for word: of the answers
          with 70&nbsp;%, about 7 in 10 are. It was fitted on questions with known answers. A model that was evaluated
          on fewer than 200 of them has no percentages.
        </p>
        <p>
          Further answers stand below the first. Point at one, and its place in the text lights up; press it to go
          there. A long text is read in windows, and the best answers so far show while it is being read.
        </p>
        <h3>Keys</h3>
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
          Use these keys
        </label>
        <p class="note">Text and questions go to the server that this page came from, and to no other.</p>
      </>
    )}
  </Dialog>
)
