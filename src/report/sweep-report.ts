import { runsTable, sweepTable } from './blocks/sweep-table.ts'
import { parallelCoordinates } from './plots/parallel-coordinates.ts'
import { toPng } from './plots/to-png.ts'
import { type Block, heading, paragraph, table, warning } from './render/document.ts'
import { count } from './render/format.ts'
import { renderHtml } from './render/html.ts'
import type { ReportFile } from './run-report.ts'
import { comparedParameters, type SweepSummary, sweepConfigurations } from './summary/sweep.ts'

const FIGURE = 'parallel_coordinates.svg'

/** Creates the report of a sweep: an HTML file, and its plot as SVG and PNG. At least one run must be finished. */
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
  const hasSeeds = sweepConfigurations(sweep).length < trials.length
  const finished = trials.filter(({ status }) => status === 'finished')
  const failed = trials.filter(({ status }) => status === 'failed')
  return [
    heading(`Sweep over ${parameters.join(', ')}`, 1),
    paragraph(
      `${count(finished.length)} of ${count(trials.length)} runs are finished, sorted by ${metric} (best first).`,
      ...(hasSeeds ? ['Scores are means over seeds, with the lowest and the highest in parentheses.'] : []),
    ),
    ...(failed.length ? [warning('Failed', ...failed.map(({ name, error }) => `\`${name}\`: ${error}`))] : []),
    table(sweepTable(sweep)),
    paragraph(
      'Small differences may be due to chance. To compare models pairwise, pass several `--model` to `spanforge evaluate`.',
    ),
    {
      kind: 'figure',
      file: FIGURE,
      alt: `Parallel coordinates: ${[...comparedParameters(sweep), metric].join(', ')}; one line per configuration, the best in orange`,
    },
    ...(hasSeeds ? [heading('All runs'), table(runsTable(sweep))] : []),
  ]
}
