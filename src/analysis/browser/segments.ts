import type { TextSpan } from '../../squad/types.ts'

/** A named stretch of text. */
export interface Layer extends TextSpan {
  readonly name: string
}

export interface Segment extends TextSpan {
  /** Names of the layers that cover the segment; empty for plain text. */
  readonly names: readonly string[]
}

/** Splits a text at the boundaries of all layers and at `cuts`. Ignores layers that are empty or out of range. */
export function segments(length: number, layers: readonly Layer[], cuts: readonly number[] = []): Segment[] {
  const within = layers.filter(({ start, end }) => start >= 0 && start < end && end <= length)
  const places = [0, length, ...cuts, ...within.flatMap(({ start, end }) => [start, end])]
  const borders = [...new Set(places.filter((place) => place >= 0 && place <= length))].sort((a, b) => a - b)
  return borders.slice(0, -1).map((start, i) => {
    const end = borders[i + 1]
    const covering = within.filter((layer) => layer.start <= start && end <= layer.end)
    return { start, end, names: [...new Set(covering.map(({ name }) => name))] }
  })
}
