import { SpanforgeError } from '../errors.ts'

/**
 * A dimension: a number, a name whose value is known only when the graph runs (`tokens`, `rows`), or a product of these
 * in canonical form, such as `12*tokens` or `2*length*rows`.
 */
export type Dim = number | string
export type Shape = readonly Dim[]

/** The values of named dimensions for one run. */
export type Bindings = Readonly<Record<string, number>>

export const formatShape = (shape: Shape): string => `[${shape.join(', ')}]`

/** Returns the number of elements as a number or a canonical product. */
export function product(dims: Shape): Dim {
  let factor = 1
  const names: string[] = []
  for (const part of dims.flatMap((d) => String(d).split('*'))) {
    const value = Number(part)
    if (Number.isNaN(value)) names.push(part)
    else factor *= value
  }
  if (names.length === 0 || factor === 0) return factor
  return [...(factor === 1 ? [] : [factor]), ...names.sort()].join('*')
}

/**
 * Returns the shape of an element-wise result by NumPy's broadcasting rules. Named dimensions match only if they are
 * equal.
 */
export function broadcast(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1
    const y = b[i - rank + b.length] ?? 1
    if (x === y || y === 1) return x
    if (x === 1) return y
    throw new SpanforgeError(
      `${op}: ${formatShape(a)} and ${formatShape(b)} do not broadcast: axis ${i} is ${x} in one, ${y} in the other`,
    )
  })
}

/** Replaces named dimensions by their values. */
export function bindShape(shape: Shape, bindings: Bindings): number[] {
  return shape.map((dim) => {
    if (typeof dim === 'number') return dim
    return dim.split('*').reduce((size, part) => {
      const value = bindings[part] ?? Number(part)
      if (Number.isNaN(value))
        throw new SpanforgeError(`shape ${formatShape(shape)}: missing value for dimension "${part}"`)
      return size * value
    }, 1)
  })
}

export const elements = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1)
