import { KeyList } from '../../shared/key-list.tsx'
import { backend } from '../backend.ts'
import { areOn, SHORTCUTS, setShortcuts } from '../shortcuts.ts'
import { AboutModels } from './about-models.tsx'
import { Dialog } from './dialog.tsx'
import { KeptNotice } from './kept-notice.tsx'

export const HelpDialog = () => (
  <Dialog name="help" title="Help">
    {() => (
      <>
        <p>
          The model reads the text and marks the words that answer the question. It cannot make anything up, because
          every answer is a passage of your text. The percentage is the probability that the answer is exactly right: of
          the answers with 70&nbsp;%, about 7 in 10 are right. It is fitted on questions with known answers. Models
          evaluated on fewer than 200 such questions show no percentages.
        </p>
        <p>
          More answers are listed below the first one. Point at an answer to highlight it in the text, or click it to go
          there. Long texts are read in windows, and the page shows the best answers so far.
        </p>
        <AboutModels />
        <h3>Keyboard shortcuts</h3>
        <KeyList keys={SHORTCUTS} />
        <label class="check">
          <input
            type="checkbox"
            checked={areOn.value}
            onChange={(event) => setShortcuts(event.currentTarget.checked)}
          />
          Use keyboard shortcuts
        </label>
        <p class="note">{backend().privacy}</p>
        <KeptNotice />
      </>
    )}
  </Dialog>
)
