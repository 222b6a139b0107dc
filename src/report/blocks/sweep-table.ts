import { counted, decimal, duration, setting } from '../render/format.ts'
import { columns, type Table } from '../render/table.ts'
import {
  comparedParameters,
  type SweepSummary,
  type SweepTrial,
  spreadOf,
  spreadText,
  sweepConfigurations,
} from '../summary/sweep.ts'

/**
 * A table with one row per configuration, the best first and marked. Scores are means over seeds with their range. A
 * configuration with a single run links to its report.
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

/** A table with one row per run, in the order of the configurations. */
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

/** Mean training time of the runs. */
function timeOf(trials: readonly SweepTrial[]): string {
  const seconds = spreadOf(trials.map(({ metrics }) => metrics?.train_runtime))?.mean
  return seconds === undefined ? '-' : duration(seconds)
}

/** The state of all runs if it is the same, such as 'finished'; otherwise the number of runs in each state. */
function stateOf(trials: readonly SweepTrial[]): string {
  const states = [...new Set(trials.map(({ status }) => status))]
  if (states.length === 1) return states[0]
  return states.map((state) => `${trials.filter(({ status }) => status === state).length} ${state}`).join(', ')
}

const hasMetric = (trials: readonly SweepTrial[] = [], metric: string): boolean =>
  trials.some(({ metrics }) => Number.isFinite(metrics?.[metric]))

const shown = (value: unknown): string => (typeof value === 'number' ? setting(value) : String(value ?? 'none'))
