/** A series as the legend shows it: a piece of its line, and what it is. */
export interface LegendEntry {
  readonly text: string
  readonly colour: string
  /** As `stroke-dasharray`; a whole line without. */
  readonly dash?: string
  readonly light?: boolean
}

/** Entries side by side, their middle at height `y`. Text widths are estimated: SVG has no layout. */
export function legend(entries: readonly LegendEntry[], x: number, y: number): string {
  const drawn = entries.map(({ text, colour, dash, light }) => {
    const line = `<line x1="${x}" x2="${x + 28}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="${light ? 1.5 : 2.2}"${light ? ' stroke-opacity="0.45"' : ''}${dash ? ` stroke-dasharray="${dash}"` : ''}/>`
    const label = `<text x="${x + 35}" y="${y}" dominant-baseline="central">${text}</text>`
    x += 35 + text.length * 6.6 + 20
    return line + label
  })
  return `<g font-family="Inter, system-ui, sans-serif" font-size="13" fill="#1b1f24">${drawn.join('')}</g>`
}
