/** Layout and boundaries of windows as plain data, so that windows can be cut in any thread. */
import type { PairLayout } from '../text/components/post-processors.ts'

/** The special tokens and token types around a question and its context in each window. */
export interface WindowLayout {
  readonly pair: PairLayout
  readonly has_token_types: boolean
}

/** The boundaries of the windows of a question and a context, computed before they are cut. */
export interface WindowPlan {
  readonly count: number
  /** Tokens of the question in each window. */
  readonly question: number
  /** Special tokens of each window: [CLS] before the question, [SEP] after it, [SEP] after the context. */
  readonly special: number
  /** Tokens of the whole context. */
  readonly context: number
  /** Maximum number of context tokens in a window. */
  readonly room: number
  /** Number of context tokens between the starts of consecutive windows. */
  readonly step: number
}

/** The range of context tokens in a window: the first one, and the one after the last. */
export const contextRange = ({ context, room, step }: WindowPlan, window: number): readonly [number, number] => [
  window * step,
  Math.min(context, window * step + room),
]

/** Number of tokens in a window, including special tokens. */
export function windowLength(plan: WindowPlan, window: number): number {
  const [first, last] = contextRange(plan, window)
  return plan.question + plan.special + last - first
}

/** Number of tokens in the first `count` windows (default: all). All windows except the last are full. */
export const planTokens = (plan: WindowPlan, count = plan.count): number =>
  count === 0 ? 0 : (count - 1) * windowLength(plan, 0) + windowLength(plan, count - 1)

/** Number of special tokens in a window. */
export const specialTokenCount = ({ pair: { before, between, after } }: WindowLayout): number =>
  before.ids.length + between.ids.length + after.ids.length

/** Position of the first context token in a window. */
export const contextStart = ({ pair: { before, between } }: WindowLayout, question: number): number =>
  before.ids.length + question + between.ids.length

/** The token ids of a window. */
export function windowIds(layout: WindowLayout, question: Int32Array, context: Int32Array): Int32Array {
  const { before, between, after } = layout.pair
  const ids = new Int32Array(question.length + context.length + specialTokenCount(layout))
  const start = contextStart(layout, question.length)
  ids.set(before.ids)
  ids.set(question, before.ids.length)
  ids.set(between.ids, start - between.ids.length)
  ids.set(context, start)
  ids.set(after.ids, start + context.length)
  return ids
}

/**
 * The token types of a window with `question` and `context` tokens; undefined if they are those of BERT. With some
 * tokenizers, the type of the context in later windows (`isLater`) differs from that in the first one.
 */
export function windowTypes(
  layout: WindowLayout,
  question: number,
  context: number,
  isLater: boolean,
): Uint8Array | undefined {
  const { before, between, after, types, later_type } = layout.pair
  if (!layout.has_token_types) return new Uint8Array(question + context + specialTokenCount(layout))
  const context_type = isLater ? later_type : types[1]
  const first = [...before.types, types[0], ...between.types]
  if (first.every((type) => type === 0) && [context_type, ...after.types].every((type) => type === 1)) return undefined
  return Uint8Array.from([
    ...before.types,
    ...new Uint8Array(question).fill(types[0]),
    ...between.types,
    ...new Uint8Array(context).fill(context_type),
    ...after.types,
  ])
}
