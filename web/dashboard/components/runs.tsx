import { signal } from '@preact/signals'
import { useState } from 'preact/hooks'
import { argumentText } from '../../../src/dashboard/figures.ts'
import type { RunEntry } from '../../../src/dashboard/past-runs.ts'
import { count, counted, decimal } from '../../../src/report/render/format.ts'
import { spreadOf } from '../../../src/report/summary/sweep.ts'
import { downloadAs } from '../../shared/download.ts'
import { linkTo, tokenOfAddress } from '../address.ts'
import { saveNote } from '../api.ts'
import {
  argumentColumn,
  argumentColumns,
  asCsv,
  found,
  isGroup,
  type Order,
  RUN_COLUMNS,
  type RunColumn,
  type RunOrGroup,
  runRows,
  type SeedGroup,
  sorted,
} from '../run-list.ts'
import { isEnded } from '../status.ts'
import { info, loadRuns, place, runs, trouble } from '../store.ts'
import { RunComparison } from './comparison.tsx'
import { Scrolling } from './scrolling.tsx'

const query = signal('')
const groupSeeds = signal(true)
const order = signal<Order>({ column: RUN_COLUMNS.changed.name, descending: true })
/** Keys of the expanded groups. */
const opened = signal<ReadonlySet<string>>(new Set())

/** The list of runs with search, sorting and grouping by seed. Selected runs are compared below. */
export function Runs() {
  const all = runs.value
  const { compare } = place.value
  if (!all) return <p class="nothing">Loading the runs …</p>
  if (all.length === 0) return <p class="nothing">There are no runs in {info.value?.folder} yet.</p>
  const matching = found(all, query.value)
  const argumentsShown = argumentColumns(all).map(argumentColumn)
  const columns: RunColumn[] = [
    RUN_COLUMNS.id,
    RUN_COLUMNS.exact_match,
    RUN_COLUMNS.f1,
    RUN_COLUMNS.loss,
    ...argumentsShown,
    RUN_COLUMNS.steps,
    RUN_COLUMNS.changed,
    RUN_COLUMNS.note,
  ]
  const sortedBy = columns.find(({ name }) => name === order.value.column) ?? RUN_COLUMNS.changed
  const rows = sorted(runRows(matching, groupSeeds.value), sortedBy, order.value.descending)
  return (
    <>
      <section aria-labelledby="runs-title">
        <div class="section-title">
          <h1 id="runs-title">Runs</h1>
          <p>
            {compare.length < 2
              ? 'Select two or more to compare them.'
              : `The ${compare.length} selected runs are compared below.`}
          </p>
        </div>
        <ListControls shown={matching.length} total={all.length} rows={rows} />
        <Scrolling label="Runs">
          <table class="runs">
            <thead>
              <tr>
                <th scope="col">
                  <span class="unseen">Compare</span>
                </th>
                {columns.map((column) => (
                  <Heading key={column.name} column={column} />
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.flatMap((row) =>
                isGroup(row)
                  ? [
                      <GroupRow key={row.key} group={row} columns={argumentsShown} />,
                      ...(opened.value.has(row.key) ? row.runs : []).map((run) => (
                        <RunRow key={run.id} run={run} columns={argumentsShown} inGroup />
                      )),
                    ]
                  : [<RunRow key={row.id} run={row} columns={argumentsShown} />],
              )}
            </tbody>
          </table>
        </Scrolling>
        {matching.length === 0 && <p class="nothing">No run matches.</p>}
      </section>
      {compare.length > 1 && <RunComparison />}
    </>
  )
}

interface ControlsProps {
  readonly shown: number
  readonly total: number
  readonly rows: readonly RunOrGroup[]
}

function ListControls({ shown, total, rows }: ControlsProps) {
  return (
    <div class="list-controls">
      <input
        type="search"
        value={query.value}
        placeholder="Search: name, note, learning_rate=3e-5"
        aria-label="Search runs by name, status, note or argument"
        onInput={({ currentTarget }) => {
          query.value = currentTarget.value
        }}
      />
      <span role="status">{shown < total ? `${count(shown)} of ${counted(total, 'run')}` : counted(total, 'run')}</span>
      <label class="check">
        <input
          type="checkbox"
          checked={groupSeeds.value}
          onChange={({ currentTarget }) => {
            groupSeeds.value = currentTarget.checked
          }}
        />
        Group seeds
      </label>
      <button type="button" onClick={() => downloadAs('runs.csv', new Blob([asCsv(rows)], { type: 'text/csv' }))}>
        Download CSV
      </button>
    </div>
  )
}

function Heading({ column: { name, title } }: { readonly column: RunColumn }) {
  const isSorted = order.value.column === name
  const direction = order.value.descending ? 'descending' : 'ascending'
  const sort = () => {
    // Sort names and losses in ascending order first, and everything else in descending order.
    const descending = isSorted
      ? !order.value.descending
      : name !== RUN_COLUMNS.id.name && name !== RUN_COLUMNS.loss.name
    order.value = { column: name, descending }
  }
  return (
    <th scope="col" aria-sort={isSorted ? direction : undefined}>
      <button type="button" class="sort" onClick={sort}>
        {title}
        <span aria-hidden="true">{isSorted ? (order.value.descending ? ' ▾' : ' ▴') : ''}</span>
      </button>
    </th>
  )
}

interface SelectProps {
  readonly label: string
  readonly ids: readonly string[]
}

/** Checkbox that selects runs for the comparison. */
function Select({ label, ids }: SelectProps) {
  const { compare } = place.value
  const toggle = (on: boolean) => {
    const others = compare.filter((id) => !ids.includes(id))
    location.hash = linkTo({ view: 'runs', compare: on ? [...others, ...ids] : others })
  }
  return (
    <input
      type="checkbox"
      aria-label={label}
      checked={ids.every((id) => compare.includes(id))}
      onChange={({ currentTarget }) => toggle(currentTarget.checked)}
    />
  )
}

interface GroupProps {
  readonly group: SeedGroup
  readonly columns: readonly RunColumn[]
}

/** A row for runs that differ only in their seeds, with mean and range. */
function GroupRow({ group: { key, runs }, columns }: GroupProps) {
  const isOpen = opened.value.has(key)
  const name = commonName(runs.map(({ id }) => id))
  const toggle = () => {
    const others = [...opened.value].filter((other) => other !== key)
    opened.value = new Set(isOpen ? others : [...others, key])
  }
  const cell = (column: RunColumn, digits: number) => {
    const summary = spreadOf(runs.map(column.read))
    if (!summary) return <td>–</td>
    return (
      <td>
        {decimal(summary.mean, digits)}
        {summary.count > 1 && (
          <small>
            {decimal(summary.lowest, digits)} to {decimal(summary.highest, digits)}
          </small>
        )}
      </td>
    )
  }
  return (
    <tr class="group">
      <td>
        <Select label={`Compare all seeds of ${name}`} ids={runs.map(({ id }) => id)} />
      </td>
      <th scope="row">
        <button type="button" class="sort" aria-expanded={isOpen} onClick={toggle}>
          <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span> {name}
        </button>
        <small>{counted(runs.length, 'seed')}: mean, lowest to highest</small>
      </th>
      {cell(RUN_COLUMNS.exact_match, 2)}
      {cell(RUN_COLUMNS.f1, 2)}
      {cell(RUN_COLUMNS.loss, 4)}
      {columns.map((column) => (
        <td key={column.name}>{sharedText(runs, column)}</td>
      ))}
      <td />
      <td>{lastWritten(Math.max(...runs.map(({ changed }) => changed)))}</td>
      <td />
    </tr>
  )
}

/** The value of a column if all runs of a group share it, else the number of different values. */
function sharedText(runs: readonly RunEntry[], column: RunColumn): string {
  const texts = [...new Set(runs.map((run) => argumentText(column.read(run))))]
  return texts.length === 1 ? texts[0] : `${texts.length} values`
}

/** The common prefix of the run names. */
function commonName(ids: readonly string[]): string {
  const [first, ...others] = ids
  let length = first.length
  for (const id of others) while (!id.startsWith(first.slice(0, length))) length--
  return first.slice(0, length).replace(/[\s,_/.-]*(seed[=_-]?)?\d*$/, '') || first
}

interface RowProps {
  readonly run: RunEntry
  readonly columns: readonly RunColumn[]
  readonly inGroup?: boolean
}

function RunRow({ run, columns, inGroup = false }: RowProps) {
  const { id, status, scores, step, max_steps, changed, problems } = run
  const isLive = id === info.value?.live
  return (
    <tr class={inGroup ? 'member' : undefined}>
      <td>
        <Select label={`Compare ${id}`} ids={[id]} />
      </td>
      <th scope="row">
        <a href={linkTo({ run: isLive ? undefined : id })}>{id}</a>
        <small class={`status ${status}`}>{isLive ? 'this run' : isEnded(status) ? status : 'in progress'}</small>
        {problems.map((problem) => (
          <small class="problem" key={problem}>
            {problem}
          </small>
        ))}
      </th>
      <td>{decimal(scores.exact_match)}</td>
      <td>{decimal(scores.f1)}</td>
      <td>{decimal(scores.loss, 4)}</td>
      {columns.map((column) => (
        <td key={column.name}>{argumentText(column.read(run))}</td>
      ))}
      <td>
        {count(step)}
        {max_steps > 0 && step !== max_steps && ` of ${count(max_steps)}`}
      </td>
      <td>{lastWritten(changed)}</td>
      <td class="note">
        <Note run={run} />
      </td>
    </tr>
  )
}

/** The user's note about a run, stored in its folder. It is editable only with the token in the address. */
function Note({ run: { id, note } }: { readonly run: RunEntry }) {
  const [draft, setDraft] = useState<string | undefined>(undefined)
  if (!tokenOfAddress()) return <span>{note}</span>
  const save = async () => {
    const text = draft?.trim() ?? note
    if (text !== note) {
      try {
        await saveNote(id, text)
        await loadRuns()
      } catch (error) {
        trouble.value = (error as Error).message
        return
      }
    }
    setDraft(undefined)
  }
  return (
    <input
      type="text"
      aria-label={`Note on ${id}`}
      placeholder="Add a note"
      maxLength={2000}
      value={draft ?? note}
      onInput={({ currentTarget }) => setDraft(currentTarget.value)}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.key === 'Enter') event.currentTarget.blur()
        if (event.key === 'Escape') setDraft(undefined)
      }}
    />
  )
}

function lastWritten(changed: number): string {
  if (changed === 0) return '–'
  const at = new Date(changed)
  const isToday = at.toDateString() === new Date().toDateString()
  const time = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }).replace(' ', '\u00a0')
  return isToday ? time : `${at.toLocaleDateString([], { day: 'numeric', month: 'short', year: 'numeric' })}, ${time}`
}
