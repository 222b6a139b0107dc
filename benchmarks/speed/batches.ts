/** Selects the windows to time and their order, with the same deterministic rule as ../python/batches.py. */
import { SpanforgeError } from '../../src/errors.ts'
import type { Window } from '../../src/squad/types.ts'

export type Order = 'shuffled' | 'grouped'

const BATCH_SIZE = 16
const MEGABATCH = 50
const STRIDE = 1009

export interface Picked {
  readonly warmup: readonly number[]
  readonly timed: readonly (readonly number[])[]
}

/**
 * Returns the windows, by index, of the warm-up batch and of the batches to time. Batch 0 is the warm-up; for grouped
 * batches, it is the longest and determines the peak memory. The timed batches are 1, 2, ... of the shuffled ones, or
 * the middles of `steps` equal parts of the grouped ones.
 */
export function pickBatches(windows: readonly Window[], order: Order, steps: number): Picked {
  const batches = order === 'grouped' ? groupedBatches(windows) : shuffledBatches(windows.length)
  if (steps >= batches.length)
    throw new SpanforgeError(`${steps} steps require at least ${steps + 1} batches, but the data has ${batches.length}`)
  const middle = (k: number) => Math.floor(((2 * k + 1) * batches.length) / (2 * steps))
  const timed = Array.from({ length: steps }, (_, k) => batches[order === 'grouped' ? middle(k) : k + 1])
  return { warmup: batches[0], timed }
}

/** Returns all full batches of the sequence (i * 1009) mod count for i = 0, 1, ... */
function shuffledBatches(count: number): number[][] {
  if (count % STRIDE === 0) throw new SpanforgeError(`${count} windows: multiples of ${STRIDE} cannot be shuffled`)
  return inBatches(Array.from({ length: count }, (_, i) => (i * STRIDE) % count))
}

/** Sorts the windows of the first 50 shuffled batches by decreasing length and divides them into batches again. */
function groupedBatches(windows: readonly Window[]): number[][] {
  const length = (i: number) => windows[i].input_ids.length
  const megabatch = shuffledBatches(windows.length).slice(0, MEGABATCH).flat()
  return inBatches(megabatch.sort((a, b) => length(b) - length(a)))
}

const inBatches = (order: readonly number[]): number[][] =>
  Array.from({ length: Math.floor(order.length / BATCH_SIZE) }, (_, b) =>
    order.slice(b * BATCH_SIZE, (b + 1) * BATCH_SIZE),
  )
