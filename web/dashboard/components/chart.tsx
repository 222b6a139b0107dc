import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { colorsChanged } from '../../shared/theme.ts'
import { align, type Line, valuesAt } from './lines.ts'

export interface ChartProps {
  readonly title: string
  readonly lines: readonly Line[]
  readonly format: (value: number) => string
  readonly xLabel: string
  /** A point to circle, with its label in the legend. */
  readonly circled?: { readonly x: number; readonly y: number; readonly label: string }
  /** Whether the vertical axis starts at zero. */
  readonly fromZero?: boolean
  /** Minimum end of the horizontal axis, so that the chart fills up during a run. */
  readonly until?: number
}

const HEIGHT = 230

/** A line chart over epochs or steps. The legend shows the latest values, or those at the cursor. */
export function Chart(props: ChartProps) {
  const { title, lines, format, xLabel, circled } = props
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(null)
  const latest = useRef(props)
  latest.current = props
  const [x, setX] = useState<number | undefined>(undefined)
  const drawn = lines.filter((line) => line.x.length > 0)
  // The plot is recreated when lines or colors change, but not for new points.
  const shape = `${drawn.map(({ label, color }) => label + color).join()}|${colorsChanged.value}|${xLabel}`

  // `shape` represents all inputs of the plot.
  useEffect(() => {
    const parent = place.current!
    const current = () => latest.current
    const options = plotOptions(current, parent.clientWidth, (index) => {
      const value = index === null || index === undefined ? undefined : plot.current?.data[0][index]
      setX(value)
    })
    plot.current = new uPlot(options, align(shownLines(current())), parent)
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: parent.clientWidth, height: HEIGHT }))
    resized.observe(parent)
    return () => {
      resized.disconnect()
      plot.current?.destroy()
      plot.current = null
    }
  }, [shape])

  useEffect(() => {
    plot.current?.setData(align(drawn))
  })

  const move = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    const u = plot.current
    if (by === undefined || !u || u.data[0].length === 0) return
    event.preventDefault()
    const last = u.data[0].length - 1
    const from = u.cursor.idx ?? (by < 0 ? last + 1 : -1)
    const index = Math.min(last, Math.max(0, from + by))
    u.setCursor({ left: u.valToPos(u.data[0][index], 'x'), top: u.bbox.height / devicePixelRatio / 2 })
  }

  const values = valuesAt(drawn, x)
  const spoken = drawn.map(({ label }, i) => `${label} ${values[i] === undefined ? 'unknown' : format(values[i])}`)
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <ul class="legend">
          {drawn.map(({ label, color, dash, faint }, i) => (
            <li key={label}>
              <span
                class={`swatch${dash ? ' dashed' : ''}${faint ? ' faint' : ''}`}
                style={{ '--swatch': `var(${color})` }}
              />
              {label} <b>{values[i] === undefined ? '–' : format(values[i])}</b>
            </li>
          ))}
          {circled && drawn.length > 0 && (
            <li>
              <span class="ring" />
              {circled.label}
            </li>
          )}
          {x !== undefined && (
            <li class="at">
              {xLabel} {Number(x.toFixed(2))}
            </li>
          )}
        </ul>
      </figcaption>
      <div
        ref={place}
        class="plot"
        role="img"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys read values off the curves.
        tabIndex={0}
        aria-label={`${title}. ${spoken.join(', ')}.${circled ? ` ${circled.label}.` : ''} Use the arrow keys to read values.`}
        onKeyDown={move}
      />
      {drawn.length === 0 && <p class="nothing">Nothing yet.</p>}
    </figure>
  )
}

const shownLines = ({ lines }: ChartProps): readonly Line[] => lines.filter((line) => line.x.length > 0)

function plotOptions(
  current: () => ChartProps,
  width: number,
  onCursor: (index: number | null | undefined) => void,
): uPlot.Options {
  const { format, fromZero, lines } = current()
  const muted = colorOf('--muted')
  const axis: uPlot.Axis = {
    stroke: muted,
    grid: { stroke: colorOf('--grid'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  }
  return {
    width,
    height: HEIGHT,
    padding: [12, 12, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: {
        time: false,
        range: (_, min, max) => [Math.min(0, min ?? 0), Math.max(max ?? 1, current().until ?? 0, 1e-3)],
      },
      y: { range: (_, min, max) => rangeOf(min, max, fromZero === true) },
    },
    axes: [
      { ...axis, size: 30, space: 60 },
      { ...axis, size: 58, values: (_, ticks) => ticks.map((tick) => withoutZeros(format(tick))) },
    ],
    series: [
      {},
      ...lines
        .filter((line) => line.x.length > 0)
        .map(({ label, color, dash, faint, marks }) => ({
          label,
          stroke: colorOf(color),
          alpha: faint ? 0.35 : 1,
          width: faint ? 1 : 2,
          dash: dash ? [6, 4] : undefined,
          spanGaps: true,
          points: marks ? dots(colorOf(color)) : { show: false },
        })),
    ],
    hooks: {
      draw: [(u) => circleOf(u, current().circled)],
      setCursor: [(u) => onCursor(u.cursor.idx)],
    },
  }
}

/** Removes trailing zeros from tick labels: '5.000' becomes '5', '300.0 MB' becomes '300 MB'. */
const withoutZeros = (text: string): string => text.replace(/(\.\d*?)0+(?=\D*$)/, '$1').replace(/\.(?=\D*$)/, '')

function rangeOf(min: number | null, max: number | null, fromZero: boolean): [number, number] {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return [0, 1]
  const low = fromZero ? Math.min(0, min) : min
  const room = (max - low || Math.abs(max) || 1) * 0.08
  return [fromZero && low === 0 ? 0 : low - room, max + room]
}

/** The current value of a CSS variable as a color for a canvas. */
export function colorOf(variable: string): string {
  probe.style.color = `var(${variable})`
  if (!probe.isConnected) document.body.append(probe)
  return getComputedStyle(probe).color
}

/** Browsers resolve light-dark() only on an element. */
const probe = document.createElement('span')
probe.hidden = true

export const dots = (color: string): uPlot.Series.Points => ({ show: true, size: 7, fill: color, width: 0 })

/** Circles the best value. Its label is in the legend, because it would hide the curves next to the circle. */
export function circleOf(u: uPlot, circled: { x: number; y: number } | undefined): void {
  if (!circled) return
  const { ctx } = u
  const scale = devicePixelRatio
  ctx.save()
  ctx.strokeStyle = colorOf('--text')
  ctx.lineWidth = 2 * scale
  ctx.beginPath()
  ctx.arc(u.valToPos(circled.x, 'x', true), u.valToPos(circled.y, 'y', true), 9 * scale, 0, 2 * Math.PI)
  ctx.stroke()
  ctx.restore()
}
