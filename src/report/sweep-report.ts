import { type Block, heading, paragraph, table, warning } from './document.ts'
import { count } from './format.ts'
import { parallelCoordinates } from './parallel-coordinates.ts'
import { renderHtml } from './render-html.ts'
import type { ReportFile } from './run-report.ts'
import type { SweepSummary } from './sweep-summary.ts'
import { sweepTable } from './sweep-table.ts'
import { toPng } from './to-png.ts'

const FIGURE = 'parallel_coordinates.svg'

/** The sweep as one HTML file, and its picture as SVG and PNG. There must be a finished run. */
export function sweepReport(sweep: SweepSummary): ReportFile[] {
  const svg = parallelCoordinates(sweep)
  return [
    { name: 'sweep.html', content: renderHtml('Sweep', blocks(sweep), { [FIGURE]: svg }) },
    { name: FIGURE, content: svg },
    { name: 'parallel_coordinates.png', content: toPng(svg) },
  ]
}

function blocks(sweep: SweepSummary): Block[] {
  const { trials, metric, parameters } = sweep
  const finished = trials.filter(({ status }) => status === 'finished')
  const failed = trials.filter(({ status }) => status === 'failed')
  return [
    heading(`Sweep over ${parameters.join(', ')}`, 1),
    paragraph(`${count(finished.length)} of ${count(trials.length)} runs are finished, the best by ${metric} first.`),
    ...(failed.length ? [warning('Failed', ...failed.map(({ name, error }) => `\`${name}\`: ${error}`))] : []),
    table(sweepTable(sweep)),
    paragraph('Runs whose scores are close may differ by chance: `spanforge evaluate` with several `--model` tells.'),
    {
      kind: 'figure',
      file: FIGURE,
      alt: `Parallel coordinates: ${[...parameters, metric].join(', ')}; a line for each run, the best in orange`,
    },
  ]
}
