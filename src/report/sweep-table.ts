import { counted, decimal, duration, setting } from './format.ts'
import { spreadOf, spreadText } from './spread.ts'
import { comparedParameters, type SweepSummary, type SweepTrial, sweepConfigurations } from './sweep-summary.ts'
import { columns, type Table } from './table.ts'

/**
 * A row for each configuration, the best first and pointed out: its scores are the mean over its seeds, with the lowest
 * and the highest. A configuration with one run leads to the report of that run.
 */
export function sweepTable(sweep: SweepSummary): Table {
  const parameters = comparedParameters(sweep)
  const all = sweepConfigurations(sweep)
  const hasSeeds = all.some(({ trials }) => trials.length > 1)
  const scores = (trials: readonly SweepTrial[], name: string, digits?: number) =>
    spreadText(
      trials.map(({ metrics }) => metrics?.[name]),
      digits,
    )
  return {
    columns: columns(
      hasSeeds ? 'Runs' : 'Run',
      ...parameters.map((name) => `>${name}`),
      '>Loss',
      '>Exact match',
      '>F1',
      '>Time',
      'State',
    ),
    rows: all.map(({ values, trials }) => [
      trials.length > 1 ? counted(trials.length, 'seed') : trials[0].name,
      ...parameters.map((name) => shown(values[name])),
      scores(trials, 'eval_loss', 4),
      scores(trials, 'eval_exact_match'),
      scores(trials, 'eval_f1'),
      timeOf(trials),
      stateOf(trials),
    ]),
    links: all.map(({ trials }) => (trials.length > 1 ? undefined : reportOf(trials[0]))),
    ...(hasMetric(all[0]?.trials, sweep.metric) && { marked: 0 }),
  }
}

/** A row for each run, in the order of their configurations: the seeds that the other table averages. */
export function runsTable({ parameters, trials }: SweepSummary): Table {
  return {
    columns: columns('Run', ...parameters.map((name) => `>${name}`), '>Loss', '>Exact match', '>F1', 'State'),
    rows: trials.map(({ name, values, status, metrics }) => [
      name,
      ...parameters.map((parameter) => shown(values[parameter])),
      decimal(metrics?.eval_loss, 4),
      decimal(metrics?.eval_exact_match),
      decimal(metrics?.eval_f1),
      status,
    ]),
    links: trials.map(reportOf),
  }
}

const reportOf = ({ name, status }: SweepTrial): string | undefined =>
  status === 'finished' ? `${encodeURIComponent(name)}/report.html` : undefined

/** The mean time of a run. */
function timeOf(trials: readonly SweepTrial[]): string {
  const seconds = spreadOf(trials.map(({ metrics }) => metrics?.train_runtime))?.mean
  return seconds === undefined ? '-' : duration(seconds)
}

/** 'finished', or how many of the runs are in which state. */
function stateOf(trials: readonly SweepTrial[]): string {
  const states = [...new Set(trials.map(({ status }) => status))]
  if (states.length === 1) return states[0]
  return states.map((state) => `${trials.filter(({ status }) => status === state).length} ${state}`).join(', ')
}

const hasMetric = (trials: readonly SweepTrial[] = [], metric: string): boolean =>
  trials.some(({ metrics }) => Number.isFinite(metrics?.[metric]))

const shown = (value: unknown): string => (typeof value === 'number' ? setting(value) : String(value ?? 'none'))
