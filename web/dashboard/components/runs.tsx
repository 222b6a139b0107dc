import type { RunEntry } from '../../../src/dashboard/past-runs.ts'
import { count, decimal } from '../../../src/report/format.ts'
import { linkTo } from '../address.ts'
import { info, place, runs } from '../store.ts'
import { Comparison } from './comparison.tsx'
import { Scrolling } from './scrolling.tsx'

/** All runs of the folder; those that are ticked are compared below. */
export function Runs() {
  const all = runs.value
  const { compare } = place.value
  if (!all) return <p class="nothing">Reading the runs …</p>
  if (all.length === 0) return <p class="nothing">There are no runs in {info.value?.folder} yet.</p>
  const tick = (id: string, on: boolean) => {
    location.hash = linkTo({ view: 'runs', compare: on ? [...compare, id] : compare.filter((other) => other !== id) })
  }
  return (
    <>
      <section aria-labelledby="runs-title">
        <div class="section-title">
          <h1 id="runs-title">Runs</h1>
          <p>{compare.length < 2 ? 'Tick two or more to compare them.' : `${compare.length} compared below.`}</p>
        </div>
        <Scrolling label="Runs">
          <table class="runs">
            <thead>
              <tr>
                <th scope="col">Compare</th>
                <th scope="col">Run</th>
                <th scope="col">Exact match</th>
                <th scope="col">F1</th>
                <th scope="col">Validation loss</th>
                <th scope="col">Steps</th>
                <th scope="col">Last written</th>
              </tr>
            </thead>
            <tbody>
              {all.map((run) => (
                <Row key={run.id} run={run} isTicked={compare.includes(run.id)} tick={tick} />
              ))}
            </tbody>
          </table>
        </Scrolling>
      </section>
      {compare.length > 1 && <Comparison />}
    </>
  )
}

interface RowProps {
  readonly run: RunEntry
  readonly isTicked: boolean
  readonly tick: (id: string, on: boolean) => void
}

function Row({ run, isTicked, tick }: RowProps) {
  const { id, status, scores, step, max_steps, changed, problems } = run
  const isLive = id === info.value?.live
  return (
    <tr>
      <td>
        <input
          type="checkbox"
          aria-label={`Compare ${id}`}
          checked={isTicked}
          onChange={({ currentTarget }) => tick(id, currentTarget.checked)}
        />
      </td>
      <th scope="row">
        <a href={linkTo({ run: isLive ? undefined : id })}>{id}</a>
        <small class={`status ${status}`}>{isLive ? 'this run' : (STATUS[status] ?? 'in progress')}</small>
        {problems.map((problem) => (
          <small class="problem" key={problem}>
            {problem}
          </small>
        ))}
      </th>
      <td>{decimal(scores.exact_match)}</td>
      <td>{decimal(scores.f1)}</td>
      <td>{decimal(scores.loss, 4)}</td>
      <td>
        {count(step)}
        {max_steps > 0 && step !== max_steps && ` of ${count(max_steps)}`}
      </td>
      <td>{changed > 0 ? new Date(changed).toLocaleString() : '–'}</td>
    </tr>
  )
}

const STATUS: Readonly<Record<string, string>> = { finished: 'finished', interrupted: 'stopped', failed: 'failed' }
