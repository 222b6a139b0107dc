/**
 * Returns a plot as SVG text without the `aria-label` of its groups, which is not valid on elements without a role.
 * Screen readers read the label of the surrounding figure instead.
 */
export const plotSvg = (plot: { readonly outerHTML: string }): string =>
  plot.outerHTML.replace(/(<g\b[^>]*?) aria-label="[^"]*"/g, '$1')

/** An entry of a legend: a sample of the line and its label. */
export interface LegendEntry {
  readonly text: string
  readonly color: string
  /** Value of `stroke-dasharray` (default: a solid line). */
  readonly dash?: string
  readonly light?: boolean
}

/** Draws entries side by side, centered at height `y`. Text widths are estimated, because SVG has no layout. */
export function legend(entries: readonly LegendEntry[], x: number, y: number): string {
  const drawn = entries.map(({ text, color, dash, light }) => {
    const line = `<line x1="${x}" x2="${x + 28}" y1="${y}" y2="${y}" stroke="${color}" stroke-width="${light ? 1.5 : 2.2}"${light ? ' stroke-opacity="0.45"' : ''}${dash ? ` stroke-dasharray="${dash}"` : ''}/>`
    const label = `<text x="${x + 35}" y="${y}" dominant-baseline="central">${text}</text>`
    x += 35 + text.length * 6.6 + 20
    return line + label
  })
  return `<g font-family="Inter, system-ui, sans-serif" font-size="13" fill="#1b1f24">${drawn.join('')}</g>`
}
