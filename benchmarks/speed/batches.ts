import { SpanforgeError } from '../../src/errors.ts'
import type { Window } from '../../src/squad/types.ts'

/** Which windows are timed, in which order: the rule of ../python/batches.py, without a random generator. */

export type Order = 'shuffled' | 'grouped'

const BATCH_SIZE = 16
const MEGABATCH = 50
const STRIDE = 1009

export interface Picked {
  readonly warmup: readonly number[]
  readonly timed: readonly (readonly number[])[]
}

/**
 * Windows, by index, of the batch to warm up with and of the batches to time. Warm-up is batch 0: of grouped batches
 * the longest, which sets the memory peak. Timed are batches 1, 2, ... of shuffled ones, and the middles of `steps`
 * equal parts of grouped ones.
 */
export function pickBatches(windows: readonly Window[], order: Order, steps: number): Picked {
  const batches = order === 'grouped' ? groupedBatches(windows) : shuffledBatches(windows.length)
  if (steps >= batches.length)
    throw new SpanforgeError(`${steps} steps asked for, but the data has ${batches.length} batches: at most one less`)
  const middle = (k: number) => Math.floor(((2 * k + 1) * batches.length) / (2 * steps))
  const timed = Array.from({ length: steps }, (_, k) => batches[order === 'grouped' ? middle(k) : k + 1])
  return { warmup: batches[0], timed }
}

/** All full batches of (i * 1009) mod count, i = 0, 1, ... */
function shuffledBatches(count: number): number[][] {
  if (count % STRIDE === 0) throw new SpanforgeError(`${count} windows: a multiple of ${STRIDE} is not shuffled by it`)
  return inBatches(Array.from({ length: count }, (_, i) => (i * STRIDE) % count))
}

/** The first 50 shuffled batches, their windows sorted by length, longest first, and cut into batches again. */
function groupedBatches(windows: readonly Window[]): number[][] {
  const length = (i: number) => windows[i].input_ids.length
  const megabatch = shuffledBatches(windows.length).slice(0, MEGABATCH).flat()
  return inBatches(megabatch.sort((a, b) => length(b) - length(a)))
}

const inBatches = (order: readonly number[]): number[][] =>
  Array.from({ length: Math.floor(order.length / BATCH_SIZE) }, (_, b) =>
    order.slice(b * BATCH_SIZE, (b + 1) * BATCH_SIZE),
  )
