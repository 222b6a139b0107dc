import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { decimal, percentScore } from '../render/format.ts'
import { bestOfSeveral, evaluations, type Point, placeOf, trainingLogs } from '../summary/history.ts'
import type { RunSummary } from '../summary/run.ts'
import { type LegendEntry, legend, plotSvg } from './plot-svg.ts'

/** Colors by Okabe and Ito (2008), distinguishable with any kind of color blindness. */
const color = { training: '#0072b2', validation: '#d55e00', exactMatch: '#00795c', f1: '#a3528a', best: '#1b1f24' }

const width = 760
const margins = { marginLeft: 64, marginRight: 28, marginTop: 12, marginBottom: 42 }

/** Shown if there are no losses, because a short run may end before the first entry of its log. */
const EMPTY = 'No loss was logged. Lower logging_steps, or set eval_strategy.'

/**
 * Draws the learning curve as an SVG on a white background: losses by epoch with the best one circled and, below, exact
 * match and F1 with their 95 % intervals if they were measured. With a single evaluation, no point is marked as best,
 * and the scores are not drawn.
 */
export function learningCurve(run: Pick<RunSummary, 'log_history' | 'best' | 'score_intervals'>): string {
  const points = evaluations(run.log_history, run.score_intervals)
  const logs = trainingLogs(run.log_history).filter(({ loss }) => Number.isFinite(loss))
  const lastEpoch = Math.max(0, ...logs.map(({ epoch }) => epoch), ...points.map(({ epoch }) => epoch))
  const scored =
    points.length > 1 && points.some(({ exact_match, f1 }) => exact_match !== undefined || f1 !== undefined)
  const best = bestOfSeveral(run)
  const circled = { eval_exact_match: 'exact_match', eval_f1: 'f1' }[run.best?.metric ?? ''] ?? 'eval_loss'

  const panels = [lossPanel(points, logs, lastEpoch, circled === 'eval_loss' ? best : undefined)]
  if (scored) panels.push(scorePanel(points, lastEpoch, circled as 'exact_match', best))
  return stack(panels, best)
}

interface Panel {
  readonly height: number
  readonly legend: readonly LegendEntry[]
  readonly svg: string
}

function lossPanel(points: Point[], logs: { epoch: number; loss: number }[], lastEpoch: number, best?: Point): Panel {
  const means = points.filter((point) => point.train_loss !== undefined)
  const known = points.filter((point) => Number.isFinite(point.eval_loss))
  const fine = logs.length > means.length
  return {
    height: 320,
    legend: [
      ...(means.length ? [{ text: 'training loss, mean', color: color.training, dash: '' }] : []),
      ...(fine ? [{ text: 'training loss, as logged', color: color.training, light: true }] : []),
      ...(known.length ? [{ text: 'validation loss', color: color.validation, dash: '6 4' }] : []),
    ],
    svg: draw({
      height: 320,
      x: epochAxis(lastEpoch),
      y: valueAxis('Loss (nats, mean of start and end)'),
      marks: [
        logs.length + known.length === 0 ? Plot.text([EMPTY], { frameAnchor: 'middle', fontSize: 15 }) : null,
        fine ? Plot.line(logs, { x: 'epoch', y: 'loss', stroke: color.training, strokeOpacity: 0.35 }) : null,
        // A line with one point is invisible.
        fine && logs.length === 1 ? Plot.dot(logs, { x: 'epoch', y: 'loss', fill: color.training, r: 4 }) : null,
        Plot.lineY(means, { x: 'epoch', y: 'train_loss', stroke: color.training, strokeWidth: 2.2 }),
        Plot.dot(means, { x: 'epoch', y: 'train_loss', fill: color.training, r: 4 }),
        Plot.lineY(known, {
          x: 'epoch',
          y: 'eval_loss',
          stroke: color.validation,
          strokeWidth: 2.2,
          strokeDasharray: '6 4',
        }),
        Plot.dot(known, { x: 'epoch', y: 'eval_loss', fill: color.validation, r: 4.5, symbol: 'square' }),
        ...circle(best, 'eval_loss', lastEpoch, (point) => `best: ${placeOf(point)}, ${decimal(point.eval_loss, 4)}`),
      ],
    }),
  }
}

function scorePanel(
  points: Point[],
  lastEpoch: number,
  circled: 'exact_match' | 'f1' | 'eval_loss',
  best?: Point,
): Panel {
  const series = [
    { key: 'exact_match', text: 'exact match', color: color.exactMatch, dash: '', symbol: 'circle' },
    { key: 'f1', text: 'F1', color: color.f1, dash: '6 4', symbol: 'square' },
  ] as const
  return {
    height: 240,
    legend: series,
    svg: draw({
      height: 240,
      x: epochAxis(lastEpoch),
      y: valueAxis('Validation score (%)'),
      marks: [
        ...series.flatMap(({ key, color: stroke, dash, symbol }) => {
          const known = points.filter((point) => point[key] !== undefined)
          const intervals = known.flatMap(({ epoch, intervals }) =>
            intervals ? [{ epoch, interval: intervals[key] }] : [],
          )
          return [
            Plot.ruleX(intervals, {
              x: 'epoch',
              y1: ({ interval }: (typeof intervals)[number]) => interval[0],
              y2: ({ interval }: (typeof intervals)[number]) => interval[1],
              dx: key === 'f1' ? 2 : -2,
              stroke,
              strokeOpacity: 0.5,
            }),
            Plot.lineY(known, { x: 'epoch', y: key, stroke, strokeWidth: 2.2, strokeDasharray: dash }),
            Plot.dot(known, { x: 'epoch', y: key, fill: stroke, r: 4.5, symbol }),
          ]
        }),
        ...(circled === 'eval_loss'
          ? []
          : circle(
              best,
              circled,
              lastEpoch,
              (point) => `best: ${placeOf(point)}, ${percentScore(point[circled]!, point.intervals?.[circled])}`,
            )),
      ],
    }),
  }
}

const epochAxis = (last: number): Plot.ScaleOptions => ({
  label: 'Epoch',
  labelAnchor: 'center',
  labelArrow: 'none',
  domain: [0, last || 1],
  ticks: Math.min(12, Math.max(1, Math.ceil(last))),
})

/** An axis that starts at zero, so that small changes do not look large. */
const valueAxis = (label: string): Plot.ScaleOptions => ({
  label,
  labelAnchor: 'center',
  labelArrow: 'none',
  labelOffset: 50,
  zero: true,
  nice: true,
  grid: true,
})

/** A ring around the best point and a line to its label, which is placed near the axis, below all curves. */
function circle(best: Point | undefined, y: keyof Point, lastEpoch: number, label: (point: Point) => string) {
  if (!best) return []
  const late = best.epoch > lastEpoch * 0.6
  return [
    Plot.ruleX([best], { x: 'epoch', y, stroke: color.best, strokeOpacity: 0.5, strokeDasharray: '2 3' }),
    Plot.dot([best], { x: 'epoch', y, r: 10, stroke: color.best, strokeWidth: 2 }),
    Plot.text([best], {
      x: 'epoch',
      y: 0,
      text: label,
      dx: late ? -8 : 8,
      dy: -14,
      textAnchor: late ? 'end' : 'start',
      fontWeight: 600,
      fill: color.best,
      stroke: 'white',
      strokeWidth: 4,
    }),
  ]
}

function draw(options: Plot.PlotOptions): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const plot = Plot.plot({
    ...options,
    ...margins,
    width,
    document,
    style: { fontFamily: 'Inter, system-ui, sans-serif', fontSize: '13px', background: 'white', color: '#1b1f24' },
  })
  return plotSvg(plot)
}

/** Stacks panels vertically in one SVG, each with its legend above it. */
function stack(panels: readonly Panel[], best: Point | undefined): string {
  let top = 10
  const parts: string[] = []
  for (const panel of panels) {
    parts.push(legend(panel.legend, margins.marginLeft, top + 10))
    parts.push(panel.svg.replace('<svg ', `<svg y="${top + 22}" `))
    top += 22 + panel.height + 8
  }
  const title = `Learning curve${best ? `, best at ${placeOf(best)}` : ''}`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" viewBox="0 0 ${width} ${top}" role="img">
<title>${title}</title>
<rect width="${width}" height="${top}" fill="white"/>
${parts.join('\n')}
</svg>
`
}
