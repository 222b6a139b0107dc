import uPlot from 'uplot'

export interface Line {
  readonly label: string
  /** Name of a CSS variable: '--training'. */
  readonly colour: string
  readonly x: readonly number[]
  readonly y: readonly (number | null)[]
  readonly dash?: boolean
  /** Behind the others: the values that another line is the mean of. */
  readonly faint?: boolean
  /** Dots at the values. */
  readonly marks?: boolean
}

/** Lines with places of their own, over all places of all of them. */
export function align(lines: readonly Line[]): uPlot.AlignedData {
  if (lines.length === 0) return [[]]
  return uPlot.join(lines.map(({ x, y }) => [x, y] as unknown as uPlot.AlignedData))
}

/** The value of each line at x, or the last one before it; without x the latest. */
export const valuesAt = (lines: readonly Line[], x: number | undefined): (number | undefined)[] =>
  lines.map((line) => {
    let i = line.x.length - 1
    while (i >= 0 && ((x !== undefined && line.x[i] > x) || line.y[i] === null)) i--
    return line.y[i] ?? undefined
  })
