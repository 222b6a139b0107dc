import type { Label } from '../types.ts'
import type { WindowLogits } from './document-logits.ts'
import { LogSum } from './log-sum.ts'

/**
 * The loss of transformers: the mean of the cross-entropies of starts and ends, each averaged over the windows that
 * contain its position.
 */
export function spanLoss(logits: readonly WindowLogits[], spans: readonly Label[]): number {
  const starts = logits.map(({ start_logits }, i) => ({ scores: start_logits, position: spans[i].start_position }))
  const ends = logits.map(({ end_logits }, i) => ({ scores: end_logits, position: spans[i].end_position }))
  return (meanCrossEntropy(starts) + meanCrossEntropy(ends)) / 2
}

interface Judged {
  readonly scores: Float32Array
  readonly position: number
}

function meanCrossEntropy(all: readonly Judged[]): number {
  const inside = all.filter(({ scores, position }) => position < scores.length)
  const total = inside.reduce((sum, { scores, position }) => sum + logSumOf(scores) - scores[position], 0)
  return inside.length === 0 ? 0 : total / inside.length
}

function logSumOf(scores: Float32Array): number {
  const sum = new LogSum()
  for (const score of scores) sum.add(score)
  return sum.value
}
