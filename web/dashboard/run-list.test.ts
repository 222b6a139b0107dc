import { describe, expect, it } from 'vitest'
import type { RunEntry } from '../../src/dashboard/past-runs.ts'
import {
  argumentColumn,
  argumentColumns,
  asCsv,
  found,
  isGroup,
  RUN_COLUMNS,
  runRows,
  runsIn,
  sorted,
} from './run-list.ts'

const run = (id: string, args: Record<string, unknown> = {}, f1?: number, more: Partial<RunEntry> = {}): RunEntry => ({
  id,
  status: 'finished',
  changed: 1_700_000_000_000,
  step: 10,
  max_steps: 10,
  best_step: null,
  scores: { f1 },
  arguments: { output_dir: id, ...args },
  note: '',
  problems: [],
  ...more,
})
const sweep = [1e-5, 3e-5].flatMap((learning_rate) =>
  [42, 43, 44].map((seed) =>
    run(`sweep/${learning_rate}-${seed}`, { learning_rate, seed }, 1e6 * learning_rate + seed),
  ),
)
const names = (rows: Parameters<typeof asCsv>[0]) => rows.flatMap(runsIn).map(({ id }) => id)

describe('the rows of the run list', () => {
  it('group runs of a folder that differ only in their seeds', () => {
    const others = [run('other/run', { learning_rate: 1e-5, seed: 42 }), run('old'), run('older')]
    const rows = runRows([...sweep, ...others], true)
    expect(rows.map((row) => (isGroup(row) ? row.runs.length : row.id))).toEqual([3, 3, 'other/run', 'old', 'older'])
    expect(runRows(sweep, false)).toEqual(sweep)
  })

  it('can be sorted by any column, groups by their mean and runs without a value last', () => {
    const runs = [...sweep, run('none', { learning_rate: 1 }), run('best', { learning_rate: 2 }, 99)]
    const rows = runRows(runs, true)
    const [low, high] = [sweep.slice(0, 3), sweep.slice(3)].map((seeds) => seeds.map(({ id }) => id).reverse())
    expect(names(sorted(rows, RUN_COLUMNS.f1, true))).toEqual(['best', ...high, ...low, 'none'])
    expect(names(sorted(rows, RUN_COLUMNS.f1, false)).at(-1)).toBe('none')
    expect(names(sorted(rows, argumentColumn('learning_rate'), true)).slice(0, 2)).toEqual(['best', 'none'])
  })

  it('are filtered by all words of the query', () => {
    const runs = [...sweep, run('broken', {}, undefined, { status: 'failed', note: 'Out of memory' })]
    expect(names(found(runs, 'learning_rate=3e-5 seed=43'))).toEqual([sweep[4].id])
    expect(names(found(runs, 'memory FAILED'))).toEqual(['broken'])
    expect(found(runs, '  ')).toHaveLength(7)
  })
})

it('shows columns for arguments that differ, the most common ones first', () => {
  const args = (i: number) => ({ a: i, weight_decay: i, seed: i, learning_rate: i, same: 1 })
  expect(argumentColumns([run('a', args(1)), run('b', args(2))])).toEqual(['learning_rate', 'seed', 'a'])
})

it('exports every argument as CSV, quotes fields and prevents formulas', () => {
  const csv = asCsv([run('=HYPERLINK("x")', { a: 'x,"y"', b: -1 }, 50, { note: '+1\n2' }), run('plain', { b: 3e-5 })])
  expect(csv.split('\r\n')).toEqual([
    'run,status,exact_match,f1,eval_loss,step,max_steps,last_written,note,a,b,output_dir',
    `"'=HYPERLINK(""x"")",finished,,50,,10,10,2023-11-14T22:13:20.000Z,"'+1\n2","x,""y""",-1,"'=HYPERLINK(""x"")"`,
    'plain,finished,,,,10,10,2023-11-14T22:13:20.000Z,,,3e-5,plain',
    '',
  ])
})
