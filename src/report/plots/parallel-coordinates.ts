import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { setting } from '../render/format.ts'
import { comparedParameters, type SweepSummary, spreadOf, sweepConfigurations } from '../summary/sweep.ts'
import { plotSvg } from './plot-svg.ts'

/** Colors by Okabe and Ito (2008), the same as in the learning curve. */
const color = { run: '#0072b2', best: '#d55e00', ink: '#1b1f24', axis: '#8a949e' }

const size = { width: 760, height: 380 }

/** A vertical axis. `place` maps a value to its height, from 0 at the bottom to 1 at the top. */
interface Axis {
  readonly name: string
  readonly place: (value: unknown) => number
  readonly ticks: readonly { readonly text: string; readonly at: number }[]
}

/**
 * Draws parallel coordinates (Inselberg) as an SVG, with an axis for each argument of the sweep and one for the metric.
 * Each configuration is a line at the mean over its seeds. The best is drawn thick; the others fade with their rank.
 */
export function parallelCoordinates(sweep: SweepSummary): string {
  const { metric } = sweep
  const parameters = comparedParameters(sweep)
  const runs = sweepConfigurations(sweep).flatMap(({ values, trials }) => {
    const score = spreadOf(trials.map(({ metrics }) => metrics?.[metric]))?.mean
    return score === undefined ? [] : [[...parameters.map((name) => values[name]), score]]
  })
  const axes = [...parameters, metric].map((name, i) =>
    axisOf(
      name,
      runs.map((run) => run[i]),
    ),
  )
  const lines = runs.flatMap((run, rank) => run.map((value, i) => ({ rank, x: axes[i].name, y: axes[i].place(value) })))
  const ticks = axes.flatMap(({ name, ticks }) => ticks.map(({ text, at }) => ({ x: name, y: at, text })))
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const plot = Plot.plot({
    ...size,
    document,
    marginLeft: 40,
    marginRight: 60,
    marginTop: 36,
    marginBottom: 18,
    x: {
      type: 'point',
      domain: axes.map(({ name }) => name),
      axis: 'top',
      label: null,
      padding: 0.15,
      tickSize: 0,
      tickPadding: 12,
    },
    y: { domain: [0, 1], axis: null },
    style: { fontFamily: 'Inter, system-ui, sans-serif', fontSize: '13px', background: 'white', color: color.ink },
    marks: [
      Plot.ruleX(axes, { x: 'name', y1: 0, y2: 1, stroke: color.axis }),
      // Draws the best last, on top of the others.
      Plot.line(lines.filter(({ rank }) => rank > 0).reverse(), {
        x: 'x',
        y: 'y',
        z: 'rank',
        stroke: color.run,
        strokeWidth: 1.6,
        strokeOpacity: ({ rank }: { rank: number }) => 0.85 - (0.6 * rank) / runs.length,
      }),
      Plot.line(
        lines.filter(({ rank }) => rank === 0),
        { x: 'x', y: 'y', stroke: color.best, strokeWidth: 3 },
      ),
      Plot.text(ticks, {
        x: 'x',
        y: 'y',
        text: 'text',
        dx: 7,
        textAnchor: 'start',
        stroke: 'white',
        strokeWidth: 4,
        fill: color.ink,
      }),
    ],
  })
  const title = `Configurations of the sweep by ${metric}, the best in orange`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" role="img">
<title>${title}</title>
<rect width="${size.width}" height="${size.height}" fill="white"/>
${plotSvg(plot)}
</svg>
`
}

/** Scales numbers, logarithmically if they span more than one order of magnitude, and spaces other values evenly. */
function axisOf(name: string, values: readonly unknown[]): Axis {
  const distinct = [...new Set(values)]
  if (distinct.length > 0 && distinct.every((value) => typeof value === 'number' && Number.isFinite(value))) {
    const numbers = (distinct as number[]).sort((a, b) => a - b)
    const [low, high] = [numbers[0], numbers.at(-1)!]
    const isWide = low > 0 && high / low > 10
    const scale = (value: number) => (isWide ? Math.log(value) : value)
    const place = (value: unknown) =>
      high === low ? 0.5 : (scale(value as number) - scale(low)) / (scale(high) - scale(low))
    return { name, place, ticks: spread(numbers.map((value) => ({ text: brief(value), at: place(value) }))) }
  }
  const place = (value: unknown) => (distinct.length < 2 ? 0.5 : distinct.indexOf(value) / (distinct.length - 1))
  return { name, place, ticks: distinct.map((value) => ({ text: String(value ?? 'none'), at: place(value) })) }
}

/** Removes ticks that would overlap. The first and the last are always kept. */
function spread(ticks: Axis['ticks']): Axis['ticks'] {
  const last = ticks.at(-1)!
  const kept: Axis['ticks'][number][] = []
  for (const tick of ticks)
    if (tick === last || ((kept.length === 0 || tick.at - kept.at(-1)!.at > 0.07) && last.at - tick.at > 0.07))
      kept.push(tick)
  return kept
}

const brief = (value: number): string => setting(Number(value.toPrecision(4)))
