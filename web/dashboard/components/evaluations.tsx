import { bestEvaluation, evaluationsOf } from '../../../src/dashboard/figures.ts'
import type { RunView } from '../../../src/dashboard/run-view.ts'
import { decimal } from '../../../src/report/render/format.ts'
import { placeOf } from '../../../src/report/summary/history.ts'
import { Scrolling } from './scrolling.tsx'

/** A table of the evaluations, as an alternative to the curves. */
export function Evaluations({ view }: { readonly view: RunView }) {
  const all = evaluationsOf(view.log)
  const best = bestEvaluation(view)
  if (all.length === 0) return null
  return (
    <section aria-labelledby="evaluations-title">
      <h2 id="evaluations-title">Evaluations</h2>
      <Scrolling label="Evaluations">
        <table>
          <thead>
            <tr>
              {['', 'Training loss', 'Validation loss', 'Exact match', 'F1'].map((name) => (
                <th scope="col" key={name}>
                  {name || 'After'}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {all.map((entry) => (
              <tr key={entry.step} class={entry === best ? 'best' : ''}>
                <th scope="row">
                  {placeOf(entry)}
                  {entry === best && ' (best)'}
                </th>
                <td>{decimal(entry.train_loss, 4)}</td>
                <td>{decimal(entry.eval_loss, 4)}</td>
                <td>{decimal(entry.eval_exact_match)}</td>
                <td>{decimal(entry.eval_f1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolling>
    </section>
  )
}

/** The messages of the run. */
export function Notes({ view: { notes } }: { readonly view: RunView }) {
  if (notes.length === 0) return null
  return (
    <section aria-labelledby="notes-title">
      <h2 id="notes-title">Messages</h2>
      <ol class="notes">
        {notes.slice(-100).map(({ at, text }, i) => (
          <li key={i}>
            <time dateTime={new Date(at).toISOString()}>{new Date(at).toLocaleTimeString()}</time> {text}
          </li>
        ))}
      </ol>
    </section>
  )
}
