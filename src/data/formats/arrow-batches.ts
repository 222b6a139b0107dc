import type { Batch, Column } from '@uwdata/flechette'

type AnyBatch = Batch<unknown> & { readonly dictionary?: Column<unknown>; readonly stride?: number }

/**
 * Validates lengths, offsets and child arrays of a column against the size of its buffers. The Arrow reader trusts them
 * and would allocate lists of billions of values for a corrupted file.
 * @throws Error that describes the inconsistency
 */
export function checkColumn({ data }: Column<unknown>, max: number): void {
  for (const batch of data) checkBatch(batch as AnyBatch, max)
}

function checkBatch(batch: AnyBatch, max: number): void {
  const { length, validity, nullCount, offsets, sizes, values, children = [], dictionary, stride = 1 } = batch
  if (!(length >= 0 && length <= max)) throw new Error(`a batch of ${length} values`)
  if (nullCount > 0 && validity && validity.length * 8 < length)
    throw new Error(`${length} values with too few validity bits`)
  if (offsets) checkOffsets(offsets, sizes, { length, end: children[0]?.length ?? values?.length ?? 0 })
  else if (values && values.length * 8 < length) throw new Error(`${length} values in a buffer of ${values.length}`)
  else
    for (const child of children)
      if (child.length < length * stride) throw new Error(`${length} values over a child of ${child.length}`)
  for (const child of children) checkBatch(child as AnyBatch, max)
  if (dictionary) checkColumn(dictionary, max)
}

interface Extent {
  readonly length: number
  readonly end: number
}

type ArrowOffsets = ArrayLike<number | bigint>

/** Checks that offsets are ascending and within the child. With `sizes`, values may be in any order. */
function checkOffsets(offsets: ArrowOffsets, sizes: ArrowOffsets | undefined, { length, end }: Extent): void {
  if (offsets.length < length + (sizes ? 0 : 1)) throw new Error(`${length} values with ${offsets.length} offsets`)
  let previous = 0
  for (let i = 0; i < length; i++) {
    const [from, to] = sizes
      ? [Number(offsets[i]), Number(offsets[i]) + Number(sizes[i])]
      : [Number(offsets[i]), Number(offsets[i + 1])]
    if (!(from >= (sizes ? 0 : previous) && to >= from && to <= end))
      throw new Error(`a value from ${from} to ${to} of ${end}`)
    previous = from
  }
}
