import { describe, expect, test } from 'vitest'
import { parallelCoordinates } from './parallel-coordinates.ts'
import { ranked, type SweepSummary } from './sweep-summary.ts'
import { sweepTable } from './sweep-table.ts'

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

describe('The runs of a sweep', () => {
  test('are ranked by their metric, whichever way is better, those without one last', () => {
    expect(sweep.trials.map(({ metrics }) => metrics?.eval_loss)).toEqual([1, 2, 3, undefined])
    const upward = ranked({ ...unranked, greater_is_better: true })
    expect(upward.map(({ metrics }) => metrics?.eval_loss)).toEqual([3, 2, 1, undefined])
  })

  test('are a table with the best pointed out', () => {
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

describe('Parallel coordinates', () => {
  const svg = parallelCoordinates(sweep)

  test('have an axis for each argument and the metric, and a line for each run that has one', () => {
    for (const name of ['learning_rate', 'padding', 'eval_loss']) expect(svg).toContain(`>${name}</text>`)
    expect(svg.match(/stroke="#d55e00"[^>]*>\s*<path/g) ?? svg.match(/#d55e00/g)).toHaveLength(1)
    expect(svg.match(/<path d="M/g)).toHaveLength(3)
  })

  test('write values as one would type them, and as text, never as markup', () => {
    expect(svg).toContain('>1e-5</text>')
    expect(svg).toContain('&lt;longest&gt;')
    expect(svg).not.toContain('<longest>')
  })

  test('are the same for the same sweep', () => {
    expect(parallelCoordinates(sweep)).toBe(svg)
  })
})
