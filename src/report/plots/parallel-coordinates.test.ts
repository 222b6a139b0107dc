import { describe, expect, test } from 'vitest'
import { sweepTable } from '../blocks/sweep-table.ts'
import { ranked, type SweepSummary } from '../summary/sweep.ts'
import { sweepReport } from '../sweep-report.ts'
import { parallelCoordinates } from './parallel-coordinates.ts'

const trial = (learning_rate: number, padding: string, eval_loss: number) => ({
  name: `learning_rate=${learning_rate},padding=${padding}`,
  values: { learning_rate, padding },
  status: 'finished' as const,
  metrics: { eval_loss, train_runtime: 10 },
})

const unranked: SweepSummary = {
  parameters: ['learning_rate', 'padding'],
  metric: 'eval_loss',
  greater_is_better: false,
  trials: [
    { name: 'failed', values: { learning_rate: 1, padding: 'none' }, status: 'failed', error: 'NaN' },
    trial(1e-5, 'none', 3),
    trial(1e-3, '<longest>', 1),
    trial(1e-4, 'none', 2),
  ],
}
const sweep = { ...unranked, trials: ranked(unranked) }

describe('the runs of a sweep', () => {
  test('are ranked by the metric in the right direction, with missing values last', () => {
    expect(sweep.trials.map(({ metrics }) => metrics?.eval_loss)).toEqual([1, 2, 3, undefined])
    const upward = ranked({ ...unranked, greater_is_better: true })
    expect(upward.map(({ metrics }) => metrics?.eval_loss)).toEqual([3, 2, 1, undefined])
  })

  test('are shown in a table with the best one marked', () => {
    const { rows, marked } = sweepTable(sweep)
    expect(marked).toBe(0)
    expect(rows[0]).toEqual([
      'learning_rate=0.001,padding=<longest>',
      '0.001',
      '<longest>',
      '1.0000',
      '-',
      '-',
      '10.00 s',
      'finished',
    ])
    expect(rows[3].at(-1)).toBe('failed')
  })
})

describe('runs that differ only in their seeds', () => {
  const seeded = (learning_rate: number, seed: number, eval_f1?: number) => ({
    name: `learning_rate=${learning_rate},seed=${seed}`,
    values: { learning_rate, seed },
    ...(eval_f1 === undefined
      ? { status: 'failed' as const, error: 'NaN' }
      : { status: 'finished' as const, metrics: { eval_f1, train_runtime: 10 } }),
  })
  const summary: SweepSummary = {
    parameters: ['learning_rate', 'seed'],
    metric: 'eval_f1',
    greater_is_better: true,
    // The best single run belongs to the configuration with the worse mean.
    trials: [seeded(1e-5, 1, 70), seeded(1e-5, 2, 40), seeded(1e-4, 1, 60), seeded(1e-4, 2, 62), seeded(1e-4, 3)],
  }

  test('share a row with their mean and range, and are ranked by the mean', () => {
    const { columns, rows, links } = sweepTable(summary)
    expect(columns.map(({ title }) => title)).not.toContain('seed')
    expect(rows).toEqual([
      ['3 seeds', '1e-4', '-', '-', '61.00 (60.00 to 62.00)', '10.00 s', '2 finished, 1 failed'],
      ['2 seeds', '1e-5', '-', '-', '55.00 (40.00 to 70.00)', '10.00 s', 'finished'],
    ])
    expect(links).toEqual([undefined, undefined])
    expect(ranked(summary).map(({ values }) => values.learning_rate)).toEqual([1e-4, 1e-4, 1e-4, 1e-5, 1e-5])
  })

  test('share a line of the parallel coordinates, and are listed individually on the page', () => {
    const svg = parallelCoordinates(summary)
    expect(svg.match(/<path d="M/g)).toHaveLength(2)
    expect(svg).not.toContain('>seed</text>')
    const [{ content }] = sweepReport({ ...summary, trials: ranked(summary) })
    for (const { name } of summary.trials) expect(content).toContain(name)
  })
})

describe('parallel coordinates', () => {
  const svg = parallelCoordinates(sweep)

  test('have an axis for each argument and the metric, and a line for each run with a metric', () => {
    for (const name of ['learning_rate', 'padding', 'eval_loss']) expect(svg).toContain(`>${name}</text>`)
    expect(svg.match(/stroke="#d55e00"[^>]*>\s*<path/g) ?? svg.match(/#d55e00/g)).toHaveLength(1)
    expect(svg.match(/<path d="M/g)).toHaveLength(3)
  })

  test('format values the way people type them, and escape them', () => {
    expect(svg).toContain('>1e-5</text>')
    expect(svg).toContain('&lt;longest&gt;')
    expect(svg).not.toContain('<longest>')
  })

  test('are reproducible', () => {
    expect(parallelCoordinates(sweep)).toBe(svg)
  })
})
