import type uPlot from 'uplot'

/** The current value of a CSS variable as a colour for a canvas. */
export function colourOf(variable: string): string {
  probe.style.color = `var(${variable})`
  if (!probe.isConnected) document.body.append(probe)
  return getComputedStyle(probe).color
}

/** Browsers resolve light-dark() only on an element. */
const probe = document.createElement('span')
probe.hidden = true

export const dots = (colour: string): uPlot.Series.Points => ({ show: true, size: 7, fill: colour, width: 0 })

/** Circles the best value. Its label is in the legend, because it would hide the curves next to the circle. */
export function circleOf(u: uPlot, circled: { x: number; y: number } | undefined): void {
  if (!circled) return
  const { ctx } = u
  const scale = devicePixelRatio
  ctx.save()
  ctx.strokeStyle = colourOf('--text')
  ctx.lineWidth = 2 * scale
  ctx.beginPath()
  ctx.arc(u.valToPos(circled.x, 'x', true), u.valToPos(circled.y, 'y', true), 9 * scale, 0, 2 * Math.PI)
  ctx.stroke()
  ctx.restore()
}
