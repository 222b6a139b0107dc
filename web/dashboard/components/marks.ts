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

/** A ring around the best value, with its words above or below. */
export function circleOf(u: uPlot, circled: { x: number; y: number; label: string } | undefined): void {
  if (!circled) return
  const { ctx } = u
  const scale = devicePixelRatio
  const [x, y] = [u.valToPos(circled.x, 'x', true), u.valToPos(circled.y, 'y', true)]
  const { left, top, width } = u.bbox
  ctx.save()
  ctx.strokeStyle = ctx.fillStyle = colourOf('--text')
  ctx.lineWidth = 2 * scale
  ctx.beginPath()
  ctx.arc(x, y, 9 * scale, 0, 2 * Math.PI)
  ctx.stroke()
  ctx.font = `600 ${12 * scale}px system-ui, sans-serif`
  const half = ctx.measureText(circled.label).width / 2
  ctx.textAlign = 'center'
  const middle = Math.min(left + width - half, Math.max(left + half, x))
  ctx.fillText(circled.label, middle, y - 16 * scale > top + 10 * scale ? y - 16 * scale : y + 26 * scale)
  ctx.restore()
}
