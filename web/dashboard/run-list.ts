/** Filtering, grouping, sorting and CSV export of the run list. */
import { argumentText, differingArguments } from '../../src/dashboard/figures.ts'
import type { RunEntry } from '../../src/dashboard/past-runs.ts'
import { SEEDS, spreadOf } from '../../src/report/summary/sweep.ts'

/** Runs in one folder that differ only in their seeds. */
export interface SeedGroup {
  readonly key: string
  readonly runs: readonly RunEntry[]
}

export type RunOrGroup = RunEntry | SeedGroup

export const isGroup = (row: RunOrGroup): row is SeedGroup => 'runs' in row
export const runsIn = (row: RunOrGroup): readonly RunEntry[] => (isGroup(row) ? row.runs : [row])

/** Arguments that get a column first, ordered by how often they are varied. */
const USUAL_ARGUMENTS = ['learning_rate', 'num_train_epochs', 'per_device_train_batch_size', 'model', 'seed']

/** Maximum number of argument columns. */
const MAX_ARGUMENTS = 3

/** The arguments shown as columns: those that differ between runs, up to the maximum. */
export function argumentColumns(runs: readonly RunEntry[]): string[] {
  const differing = differingArguments(runs.map((run) => run.arguments)).map(({ name }) => name)
  const rank = (name: string) => (USUAL_ARGUMENTS.includes(name) ? USUAL_ARGUMENTS.indexOf(name) : 99)
  return differing.toSorted((a, b) => rank(a) - rank(b)).slice(0, MAX_ARGUMENTS)
}

/** The runs that contain every word of the query in their name, status, note or arguments (as `name=value`). */
export function found(runs: readonly RunEntry[], query: string): RunEntry[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return runs.filter((run) => {
    const settings = Object.entries(run.arguments).map(([name, value]) => `${name}=${argumentText(value)}`)
    const text = [run.id, run.status, run.note, ...settings].join('\n').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** Converts runs to rows, optionally grouping runs of a folder that differ only in their seeds. */
export function runRows(runs: readonly RunEntry[], groupSeeds: boolean): RunOrGroup[] {
  if (!groupSeeds) return [...runs]
  const groups = new Map<string, RunEntry[]>()
  for (const run of runs) groups.set(groupKey(run), [...(groups.get(groupKey(run)) ?? []), run])
  return [...groups].flatMap(([key, members]): RunOrGroup[] =>
    members.length > 1 ? [{ key, runs: members }] : members,
  )
}

/** Equal for runs of a folder that differ only in their seeds, and unique for a run without arguments. */
function groupKey(run: RunEntry): string {
  const settings = Object.entries(run.arguments).filter(([name]) => !SEEDS.includes(name) && !isPlace(name))
  if (settings.length === 0) return JSON.stringify([run.id])
  const parent = run.id.split(/[\\/]/).slice(0, -1).join('/')
  return JSON.stringify([parent, settings.sort(([a], [b]) => (a < b ? -1 : 1))])
}

const isPlace = (name: string): boolean => differingArguments([{ [name]: 1 }, { [name]: 2 }]).length === 0

/** A column with the value that it shows and sorts by. */
export interface RunColumn {
  readonly name: string
  readonly title: string
  readonly read: (run: RunEntry) => number | string | undefined
}

export const RUN_COLUMNS = {
  id: { name: 'id', title: 'Run', read: (run) => run.id },
  status: { name: 'status', title: 'Status', read: (run) => run.status },
  exact_match: { name: 'exact_match', title: 'Exact match', read: (run) => run.scores.exact_match },
  f1: { name: 'f1', title: 'F1', read: (run) => run.scores.f1 },
  loss: { name: 'loss', title: 'Validation loss', read: (run) => run.scores.loss },
  steps: { name: 'steps', title: 'Steps', read: (run) => run.step },
  changed: { name: 'changed', title: 'Last written', read: (run) => run.changed },
  note: { name: 'note', title: 'Note', read: (run) => run.note || undefined },
} as const satisfies Record<string, RunColumn>

/** The column of an argument. Numbers are sorted numerically, everything else as text. */
export const argumentColumn = (name: string): RunColumn => ({
  name: `argument:${name}`,
  title: name,
  read: (run) => {
    const value = run.arguments[name]
    return typeof value === 'number' || value === undefined ? value : argumentText(value)
  },
})

export interface Order {
  readonly column: string
  readonly descending: boolean
}

/** Sorts rows by a column: groups by the mean (or first value) of their runs, and runs without a value last. */
export function sorted(rows: readonly RunOrGroup[], column: RunColumn, descending: boolean): RunOrGroup[] {
  const keyed = rows.map((row) => {
    if (!isGroup(row)) return { row, value: column.read(row) }
    const runs = row.runs.map((run) => ({ run, value: column.read(run) })).sort(by(descending))
    const values = runs.map(({ value }) => value)
    const value = spreadOf(values)?.mean ?? values[0]
    return { row: { ...row, runs: runs.map(({ run }) => run) }, value }
  })
  return keyed.sort(by(descending)).map(({ row }) => row)
}

const by =
  (descending: boolean) =>
  ({ value: a }: { value?: number | string }, { value: b }: { value?: number | string }): number => {
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
    const order =
      typeof a === 'number' && typeof b === 'number'
        ? a - b
        : String(a).localeCompare(String(b), 'en', { numeric: true })
    return descending ? -order : order
  }

/** Formats all runs of the rows as CSV, with the arguments of all of them. */
export function asCsv(rows: readonly RunOrGroup[]): string {
  const runs = rows.flatMap(runsIn)
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.arguments)))].sort()
  const header = [
    'run',
    'status',
    'exact_match',
    'f1',
    'eval_loss',
    'step',
    'max_steps',
    'last_written',
    'note',
    ...names,
  ]
  const lines = runs.map((run) => [
    run.id,
    run.status,
    run.scores.exact_match,
    run.scores.f1,
    run.scores.loss,
    run.step,
    run.max_steps,
    run.changed > 0 ? new Date(run.changed).toISOString() : '',
    run.note,
    ...names.map((name) => (run.arguments[name] === undefined ? '' : argumentText(run.arguments[name]))),
  ])
  return [header, ...lines].map((line) => `${line.map(csvField).join(',')}\r\n`).join('')
}

/** Formats a CSV field. Text that a spreadsheet would interpret as a formula is prefixed with an apostrophe. */
function csvField(value: unknown): string {
  if (value === undefined) return ''
  const isFormula = typeof value === 'string' && /^[=+@\t\r-]/.test(value) && Number.isNaN(Number(value))
  const text = `${isFormula ? "'" : ''}${value}`
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
