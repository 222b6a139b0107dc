import { decimal, duration, setting } from './format.ts'
import type { SweepSummary, SweepTrial } from './sweep-summary.ts'
import { columns, type Table } from './table.ts'

/** A row for each run, the best first and pointed out; finished ones lead to their report. */
export function sweepTable({ parameters, metric, trials }: SweepSummary): Table {
  return {
    columns: columns('Run', ...parameters.map((name) => `>${name}`), '>Loss', '>Exact match', '>F1', '>Time', 'State'),
    rows: trials.map(({ name, values, status, metrics }) => [
      name,
      ...parameters.map((parameter) => shown(values[parameter])),
      decimal(metrics?.eval_loss, 4),
      decimal(metrics?.eval_exact_match),
      decimal(metrics?.eval_f1),
      metrics ? duration(metrics.train_runtime) : '-',
      status,
    ]),
    links: trials.map(({ name, status }) =>
      status === 'finished' ? `${encodeURIComponent(name)}/report.html` : undefined,
    ),
    ...(hasMetric(trials[0], metric) && { marked: 0 }),
  }
}

const hasMetric = (trial: SweepTrial | undefined, metric: string): boolean => Number.isFinite(trial?.metrics?.[metric])

const shown = (value: unknown): string => (typeof value === 'number' ? setting(value) : String(value ?? 'none'))
