import type { Label, LabeledWindow } from '../squad/types.ts'
import type { Row } from './pack.ts'
import { type PaddingOptions, toRows } from './rows.ts'
import { countSpans, type SpanCounts } from './span-targets.ts'

/** The part of a batch that is computed in one run of the graph. */
export interface Pass {
  readonly rows: readonly Row[]
  /** The place of each row's window in the global batch of the step: in all its batches together, one after the other. */
  readonly places: readonly number[]
  readonly spans: readonly Label[]
  /**
   * Denominators of the loss: the starts, ends and windows in the whole batch, multiplied by the number of batches in the
   * step.
   */
  readonly counts: SpanCounts
  /** The logits of a teacher for each row, first of the starts and then of the ends. */
  readonly teacher_logits?: readonly Float32Array[]
}

/**
 * Divides rows into passes of at most `max_tokens` tokens. Sorts by decreasing length, so that rows of similar length
 * are in the same pass and attention wastes little time on padding. Creates as few passes as possible, with similar
 * sizes. Returns row indices.
 */
export function cutIntoPasses(lengths: readonly number[], max_tokens: number): number[][] {
  const order = byLength(lengths)
  const total = lengths.reduce((a, b) => a + b, 0)
  const fair = total / Math.max(1, Math.ceil(total / max_tokens))
  const passes: number[][] = []
  let tokens = Number.POSITIVE_INFINITY
  for (const row of order) {
    const length = lengths[row]
    // Up to half of a row may exceed the average pass size, but the limit must never be exceeded.
    if (tokens + length / 2 > fair || tokens + length > max_tokens) {
      passes.push([])
      tokens = 0
    }
    passes.at(-1)!.push(row)
    tokens += length
  }
  return passes
}

/** A pass on all cores takes about this many times as long as in lanes of equal size, because its threads wait for each other. */
const UNEVEN = 1.3

/**
 * Divides rows evenly by tokens among lanes that are computed in parallel, and the rows of each lane into passes. At any
 * time, at most `max_tokens` tokens are computed. If the lanes would be too uneven, returns a single lane, which uses all
 * cores. Returns the row indices of each pass of each lane.
 */
export function cutIntoLanes(lengths: readonly number[], max_tokens: number, lanes: number): number[][][] {
  if (lanes === 1) return [cutIntoPasses(lengths, max_tokens)]
  const groups = divideEvenly(lengths, Math.min(lanes, lengths.length))
  const tokensOf = (rows: readonly number[]) => rows.reduce((sum, row) => sum + lengths[row], 0)
  const total = tokensOf([...lengths.keys()])
  if (Math.max(...groups.map(tokensOf)) > (UNEVEN * total) / groups.length) return [cutIntoPasses(lengths, max_tokens)]
  const limit = max_tokens / groups.length
  return groups.map((rows) => {
    const own = rows.map((row) => lengths[row])
    return cutIntoPasses(own, limit).map((pass) => pass.map((i) => rows[i]))
  })
}

/** Divides rows into groups with similar numbers of tokens. */
function divideEvenly(lengths: readonly number[], count: number): number[][] {
  const groups = Array.from({ length: count }, () => ({ tokens: 0, rows: [] as number[] }))
  for (const row of byLength(lengths)) {
    const smallest = groups.reduce((a, b) => (b.tokens < a.tokens ? b : a))
    smallest.rows.push(row)
    smallest.tokens += lengths[row]
  }
  return groups.map(({ rows }) => rows)
}

const byLength = (lengths: readonly number[]): number[] =>
  [...lengths.keys()].sort((a, b) => lengths[b] - lengths[a] || a - b)

/** One of the processes that compute a batch together. */
export interface Share {
  /** From 0. */
  readonly rank: number
  readonly size: number
}

export interface PassOptions extends PaddingOptions {
  readonly max_tokens_per_pass: number
  /** Number of lanes that compute passes at the same time. */
  readonly lanes: number
  /** Number of batches in the step, over which the loss is averaged. */
  readonly batches: number
  /** The place of this batch's first window in the global batch of the step. */
  readonly first_place: number
  /** Makes only the passes of one of several processes. The windows are divided evenly by tokens. */
  readonly share?: Share
  /** The outputs of the frozen layers for each window, if layers are frozen. */
  readonly hidden?: readonly Float32Array[]
  /** The logits of a teacher for each window. */
  readonly teacher_logits?: readonly Float32Array[]
}

/** Creates the passes of a training batch, by lane. */
export function trainingPasses(windows: readonly LabeledWindow[], options: PassOptions): Pass[][] {
  const { max_tokens_per_pass, lanes, batches, first_place, share, hidden, teacher_logits } = options
  const rows = toRows(windows, options).map((row, i) => (hidden ? { ...row, hidden: hidden[i] } : row))
  const lengths = rows.map(({ input_ids }) => input_ids.length)
  const inBatch = countSpans(windows, lengths)
  // The loss of a step is the mean over its batches, and the loss of a batch the mean over its windows.
  const counts = {
    starts: inBatch.starts * batches,
    ends: inBatch.ends * batches,
    windows: inBatch.windows * batches,
  }
  const pass = (indices: readonly number[]): Pass => ({
    rows: indices.map((r) => rows[r]),
    places: indices.map((r) => first_place + r),
    spans: indices.map((r) => windows[r]),
    counts,
    ...(teacher_logits && { teacher_logits: indices.map((r) => teacher_logits[r]) }),
  })
  const own = share ? divideEvenly(lengths, share.size)[share.rank].sort((a, b) => a - b) : [...lengths.keys()]
  const ownLengths = own.map((row) => lengths[row])
  return cutIntoLanes(ownLengths, max_tokens_per_pass, lanes).map((passes) =>
    passes.map((indices) => pass(indices.map((i) => own[i]))),
  )
}

/**
 * Computes the lanes in parallel, and the passes of each lane in order. Returns the results in the order of the passes.
 * `compute` receives the number of the lane, or undefined for a single lane, which uses all cores. It is called for `ahead`
 * passes of a lane before the first of them has ended, so that the next one is ready when the lane is. After a failure, no
 * further pass is started, and the error is thrown as soon as the running passes have ended.
 */
export async function inLanes<Pass, Result>(
  lanes: readonly (readonly Pass[])[],
  compute: (pass: Pass, i: number, lane?: number) => Promise<Result>,
  ahead = 1,
): Promise<Result[]> {
  const results: Result[][] = lanes.map(() => [])
  let hasFailed = false
  const computing = lanes.flatMap((passes, lane) => {
    const first = lanes.slice(0, lane).flat().length
    const queue = passes.entries()
    return Array.from({ length: ahead }, async () => {
      for (const [i, pass] of queue) {
        if (hasFailed) break
        results[lane][i] = await compute(pass, first + i, lanes.length > 1 ? lane : undefined).catch((error) => {
          hasFailed = true
          throw error
        })
      }
    })
  })
  await Promise.allSettled(computing)
  await Promise.all(computing)
  return results.flat()
}
