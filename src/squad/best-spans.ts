/**
 * The span chooser: which stretches of a document does the model take for the answer?
 *
 * Every stretch of at most `max_answer_length` tokens that some window holds whole is a span, and is looked at: exact,
 * in O(tokens x max_answer_length), where run_qa guesses from the 20 best starts and ends. A span's score is the sum
 * of its start and end logit. Windows overlap, so a span may be read more than once: it counts once, with the score of
 * its best window.
 *
 * The scores make a probability distribution over all spans: P(span) = exp(score / temperature - log_total), with
 * log_total the log of the sum of exp(score / temperature) over every span there is.
 */
import { SpanforgeError } from '../errors.ts'
import { LogSum } from './log-sum.ts'

/** What one window says about the document tokens that it holds: `first` is the first one's index in the document. */
export interface ContextLogits {
  readonly first: number
  /** Logits of the context tokens alone, [tokens of the document in this window]. */
  readonly start_logits: Float32Array
  readonly end_logits: Float32Array
}

/** The document's tokens `start` to `end`, both included. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly score: number
}

export interface SpanOptions {
  readonly top_k: number
  /** In tokens. */
  readonly max_answer_length: number
  readonly temperature?: number
  /** By document token: 1 where a span may start, and end; everywhere by default. */
  readonly mayStart?: Uint8Array
  readonly mayEnd?: Uint8Array
}

export interface BestSpans {
  /** Best first; of equal scores the earlier, then the shorter span first. */
  readonly spans: readonly Span[]
  /** -Infinity where there is no span. */
  readonly log_total: number
}

/** Readings in document order, each starting and ending no earlier than the one before it. */
export function bestSpans(logitsByWindow: readonly ContextLogits[], options: SpanOptions): BestSpans {
  const best: Span[] = []
  const total = new LogSum()
  eachSpan(logitsByWindow, options, (start, end, score) => {
    total.add(score / (options.temperature ?? 1))
    if (best.length < options.top_k || score > best[best.length - 1].score)
      insert(best, { start, end, score }, options.top_k)
  })
  if (best.length > 0 && !Number.isFinite(total.value))
    throw new SpanforgeError('answers: the logits hold NaN or infinity, expected finite numbers', {
      remedy: 'The model itself is broken: look for NaN in its weights.',
    })
  return { spans: best, log_total: total.value }
}

/** The score of the best span that shares no token with `place`; -Infinity where there is none. */
export function bestScoreElsewhere(
  logitsByWindow: readonly ContextLogits[],
  options: Omit<SpanOptions, 'top_k' | 'temperature'>,
  place: Pick<Span, 'start' | 'end'>,
): number {
  let best = -Infinity
  eachSpan(logitsByWindow, options, (start, end, score) => {
    if (score > best && (end < place.start || start > place.end)) best = score
  })
  return best
}

/** The start and end logit that make the span's score, and which window has them: the best one. */
export function bestWindow(logitsByWindow: readonly ContextLogits[], { start, end, score }: Span) {
  for (const [window, { first, start_logits, end_logits }] of logitsByWindow.entries()) {
    if (start < first || end >= first + start_logits.length) continue
    const [start_logit, end_logit] = [start_logits[start - first], end_logits[end - first]]
    if (start_logit + end_logit === score) return { start_logit, end_logit, window }
  }
  throw new Error('the span is of other windows')
}

type Visit = (start: number, end: number, score: number) => void

/** Every span once, in document order: a span belongs to the last window that holds its start. */
function eachSpan(
  logitsByWindow: readonly ContextLogits[],
  options: Omit<SpanOptions, 'top_k' | 'temperature'>,
  visit: Visit,
): void {
  const { max_answer_length, mayStart, mayEnd } = options
  for (const [index, window] of logitsByWindow.entries()) {
    const after = afterLast(window)
    const afterStarts = Math.min(after, logitsByWindow[index + 1]?.first ?? after)
    for (let start = window.first; start < afterStarts; start++) {
      if (mayStart?.[start] === 0) continue
      const afterEnds = Math.min(after, start + max_answer_length)
      for (let end = start; end < afterEnds; end++)
        if (mayEnd?.[end] !== 0) visit(start, end, bestScore(logitsByWindow, index, start, end))
    }
  }
}

/** Over the window at `index` and those before it that hold the span too. */
function bestScore(logitsByWindow: readonly ContextLogits[], index: number, start: number, end: number): number {
  let best = -Infinity
  for (let i = index; i >= 0 && end < afterLast(logitsByWindow[i]); i--) {
    const { first, start_logits, end_logits } = logitsByWindow[i]
    best = Math.max(best, start_logits[start - first] + end_logits[end - first])
  }
  return best
}

const afterLast = (window: ContextLogits): number => window.first + window.start_logits.length

/** Keeps `best` sorted and at most `limit` long. An equal score goes behind, having come later. */
function insert(best: Span[], span: Span, limit: number): void {
  let place = best.length
  while (place > 0 && best[place - 1].score < span.score) place--
  best.splice(place, 0, span)
  if (best.length > limit) best.pop()
}
