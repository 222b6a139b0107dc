import type uPlot from 'uplot'

/** The value that a CSS variable has now, as a colour that a canvas takes. */
export function colourOf(variable: string): string {
  probe.style.color = `var(${variable})`
  if (!probe.isConnected) document.body.append(probe)
  return getComputedStyle(probe).color
}

/** light-dark() is only resolved where it is used. */
const probe = document.createElement('span')
probe.hidden = true

export const dots = (colour: string): uPlot.Series.Points => ({ show: true, size: 7, fill: colour, width: 0 })

/** A ring around the best value. Its words stand in the legend: beside the ring they would hide the curves. */
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
