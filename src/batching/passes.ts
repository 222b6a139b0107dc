import type { Label, LabelledWindow } from '../squad/types.ts'
import type { Row } from './pack.ts'
import { type PaddingOptions, toRows } from './rows.ts'
import { countSpans, type SpanCounts } from './span-targets.ts'

/** The part of a batch that goes through the graph at once. */
export interface Pass {
  readonly rows: readonly Row[]
  readonly spans: readonly Label[]
  /** What the loss is averaged over: the starts and ends of the whole batch, times the batches of the step. */
  readonly counts: SpanCounts
}

/**
 * Cuts rows into passes of at most `max_tokens` tokens, longest rows first, so that rows of similar length go together
 * and little is lost to padding inside attention. As few passes as possible, of similar size. Returns indices of rows.
 */
export function cutIntoPasses(lengths: readonly number[], max_tokens: number): number[][] {
  const order = [...lengths.keys()].sort((a, b) => lengths[b] - lengths[a] || a - b)
  const total = lengths.reduce((a, b) => a + b, 0)
  const fair = total / Math.max(1, Math.ceil(total / max_tokens))
  const passes: number[][] = []
  let tokens = Number.POSITIVE_INFINITY
  for (const row of order) {
    const length = lengths[row]
    // Half of a row may exceed the fair share, but nothing may exceed the limit.
    if (tokens + length / 2 > fair || tokens + length > max_tokens) {
      passes.push([])
      tokens = 0
    }
    passes.at(-1)!.push(row)
    tokens += length
  }
  return passes
}

export interface PassOptions extends PaddingOptions {
  readonly max_tokens_per_pass: number
  /** Batches of the step, over which its loss is averaged. */
  readonly batches: number
  /** What the frozen layers computed for each window, where layers are frozen. */
  readonly hidden?: readonly Float32Array[]
}

/** The passes of one training batch. */
export function trainingPasses(windows: readonly LabelledWindow[], options: PassOptions): Pass[] {
  const { max_tokens_per_pass, batches, hidden } = options
  const rows = toRows(windows, options).map((row, i) => (hidden ? { ...row, hidden: hidden[i] } : row))
  const lengths = rows.map(({ input_ids }) => input_ids.length)
  const { starts, ends } = countSpans(windows, lengths)
  // A step is the mean of its batches, each the mean of its windows.
  const counts = { starts: starts * batches, ends: ends * batches }
  return cutIntoPasses(lengths, max_tokens_per_pass).map((indices) => ({
    rows: indices.map((r) => rows[r]),
    spans: indices.map((r) => windows[r]),
    counts,
  }))
}
