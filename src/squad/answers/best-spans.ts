/**
 * Exact search for the best answer spans of a document.
 *
 * A span is a sequence of at most `max_answer_length` tokens that is contained in at least one window. The search
 * scores every span, in O(tokens x max_answer_length), where run_qa only combines the 20 best starts and ends. The
 * score of a span is the sum of its start and end logit. A span in several overlapping windows counts once, with its
 * best score.
 *
 * The scores define a probability distribution over all spans: P(span) = exp(score / temperature - log_total), where
 * log_total is the log of the sum of exp(score / temperature) over all spans.
 */
import { SpanforgeError } from '../../errors.ts'

/** The logits of one window for its context tokens. `first` is the index of the first of them in the document. */
export interface ContextLogits {
  readonly first: number
  /** Start logits, only of the context tokens in this window. */
  readonly start_logits: Float32Array
  readonly end_logits: Float32Array
}

/** The tokens `start` to `end` of a document, inclusive, with their score. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly score: number
}

export interface SpanOptions {
  readonly top_k: number
  /** Maximum length of a span in tokens. */
  readonly max_answer_length: number
  readonly temperature?: number
  /** For each token of the document, 1 if a span may start there (default: everywhere). `mayEnd` is analogous. */
  readonly mayStart?: Uint8Array
  readonly mayEnd?: Uint8Array
}

export interface BestSpans {
  /** Spans, best first. Ties are sorted by start, then by length. */
  readonly spans: readonly Span[]
  /** Log of the sum of exp(score / temperature) over all spans; -Infinity if there are none. */
  readonly log_total: number
}

/**
 * Finds the best spans. Windows must be in document order, each starting and ending no earlier than the previous one.
 */
export function bestSpans(logitsByWindow: readonly ContextLogits[], options: SpanOptions): BestSpans {
  const best: Span[] = []
  const total = new LogSum()
  eachSpan(logitsByWindow, options, (start, end, score) => {
    total.add(score / (options.temperature ?? 1))
    if (best.length < options.top_k || score > best[best.length - 1].score)
      insert(best, { start, end, score }, options.top_k)
  })
  if (best.length > 0 && !Number.isFinite(total.value))
    throw new SpanforgeError('answers: the logits contain NaN or infinity, expected finite numbers', {
      remedy: 'The model is corrupted: check its weights for NaN.',
    })
  return { spans: best, log_total: total.value }
}

/** The score of the best span that does not overlap `place`; -Infinity if there is none. */
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

/** The window with the best score for a span, and the start and end logit in that window. */
export function bestWindow(logitsByWindow: readonly ContextLogits[], { start, end, score }: Span) {
  for (const [window, { first, start_logits, end_logits }] of logitsByWindow.entries()) {
    if (start < first || end >= first + start_logits.length) continue
    const [start_logit, end_logit] = [start_logits[start - first], end_logits[end - first]]
    if (start_logit + end_logit === score) return { start_logit, end_logit, window }
  }
  throw new Error('the span does not belong to these windows')
}

type VisitSpan = (start: number, end: number, score: number) => void

/** Visits each span once, in document order. A span is attributed to the last window that contains its start. */
function eachSpan(
  logitsByWindow: readonly ContextLogits[],
  options: Omit<SpanOptions, 'top_k' | 'temperature'>,
  visit: VisitSpan,
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

/** The best score of a span in the window at `index` and the earlier windows that contain it. */
function bestScore(logitsByWindow: readonly ContextLogits[], index: number, start: number, end: number): number {
  let best = -Infinity
  for (let i = index; i >= 0 && end < afterLast(logitsByWindow[i]); i--) {
    const { first, start_logits, end_logits } = logitsByWindow[i]
    best = Math.max(best, start_logits[start - first] + end_logits[end - first])
  }
  return best
}

const afterLast = (window: ContextLogits): number => window.first + window.start_logits.length

/** Inserts a span and keeps `best` sorted and at most `limit` long. On a tie, the new span comes after the old one. */
function insert(best: Span[], span: Span, limit: number): void {
  let place = best.length
  while (place > 0 && best[place - 1].score < span.score) place--
  best.splice(place, 0, span)
  if (best.length > limit) best.pop()
}

/** Computes log(sum of exp(x)) in one pass. The sum is relative to the largest x so far, which prevents overflow. */
export class LogSum {
  private largest = -Infinity
  private sum = 0

  add(x: number): void {
    if (x === -Infinity) return
    if (x <= this.largest) this.sum += Math.exp(x - this.largest)
    else {
      this.sum = this.sum * Math.exp(this.largest - x) + 1
      this.largest = x
    }
  }

  /** The result; -Infinity if nothing was added. */
  get value(): number {
    return this.largest + Math.log(this.sum)
  }
}
