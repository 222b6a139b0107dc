import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { plotSvg } from '../../report/plots/plot-svg.ts'
import type { Analysis, Reliability } from '../types.ts'
import { Html } from './html-text.ts'

// Colors are CSS variables of the page, which follow the light or dark mode of the system.
const frame = { width: 560, height: 400, marginLeft: 60, marginRight: 20, marginTop: 16, marginBottom: 54 }

const axis = (label: string, domain: readonly [number, number] = [0, 1]): Plot.ScaleOptions => ({
  label,
  labelAnchor: 'center',
  labelArrow: 'none',
  domain: [...domain],
  grid: true,
})

/** Plots accuracy against confidence. A calibrated model follows the diagonal. Larger marks represent more answers. */
export function reliabilityPlot({ raw, calibrated }: Analysis['confidence']): Html {
  const series = (bins: Reliability['bins'], color: string, symbol: 'circle' | 'square', strokeDasharray: string) => [
    Plot.line(bins, { x: 'confidence', y: 'accuracy', stroke: color, strokeWidth: 2, strokeDasharray }),
    Plot.dot(bins, { x: 'confidence', y: 'accuracy', r: 'count', fill: color, symbol }),
  ]
  return draw({
    x: { ...axis('Confidence'), labelOffset: 42 },
    y: axis('Share of exact matches'),
    r: { range: [2, 11] },
    marks: [
      Plot.line(
        [
          [0, 0],
          [1, 1],
        ],
        { stroke: 'var(--soft)', strokeDasharray: '2 4' },
      ),
      ...series(raw.bins, 'var(--exact)', 'circle', ''),
      ...(calibrated ? series(calibrated.bins, 'var(--f1)', 'square', '6 4') : []),
    ],
  })
}

/** Plots the share of wrong answers if only the most confident answers are given. */
export function riskCoveragePlot({ risk_coverage }: Analysis['confidence']): Html {
  const all = risk_coverage.at(-1)
  return draw({
    x: { ...axis('Coverage: share of questions answered, the most confident first'), labelOffset: 42 },
    y: axis('Risk: share of wrong answers among them', [0, Math.max(0.1, ...risk_coverage.map(({ risk }) => risk))]),
    marks: [
      all ? Plot.ruleY([all.risk], { stroke: 'var(--soft)', strokeDasharray: '2 4' }) : null,
      Plot.line(risk_coverage, { x: 'coverage', y: 'risk', stroke: 'var(--exact)', strokeWidth: 2 }),
    ],
  })
}

function draw(options: Plot.PlotOptions): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const style = { fontFamily: 'inherit', fontSize: '13px', background: 'none', color: 'var(--ink)' }
  return new Html(plotSvg(Plot.plot({ ...frame, ...options, document, style })))
}
