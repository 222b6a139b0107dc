import uPlot from 'uplot'

export interface Line {
  readonly label: string
  /** Name of a CSS variable, such as '--training'. */
  readonly color: string
  readonly x: readonly number[]
  readonly y: readonly (number | null)[]
  readonly dash?: boolean
  /** Drawn faintly behind the others, for values that another line smooths. */
  readonly faint?: boolean
  /** Whether to draw dots at the values. */
  readonly marks?: boolean
}

/** Joins lines with different x values into uPlot's format. */
export function align(lines: readonly Line[]): uPlot.AlignedData {
  if (lines.length === 0) return [[]]
  return uPlot.join(lines.map(({ x, y }) => [x, y] as unknown as uPlot.AlignedData))
}

/** The value of each line at x or the last one before it, or the latest value without x. */
export const valuesAt = (lines: readonly Line[], x: number | undefined): (number | undefined)[] =>
  lines.map((line) => {
    let i = line.x.length - 1
    while (i >= 0 && ((x !== undefined && line.x[i] > x) || line.y[i] === null)) i--
    return line.y[i] ?? undefined
  })
