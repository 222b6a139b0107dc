import { bestScoreElsewhere, type ContextLogits, type Span, type SpanOptions } from './best-spans.ts'
import { type AnswerEvidence, MAX_WINDOWS } from './confidence.ts'
import type { WindowLogits } from './document-logits.ts'

/** A searched document with the options of the search. */
export interface SearchedDocument {
  readonly logitsByWindow: readonly ContextLogits[]
  /** Logits of all tokens of each window, starting with [CLS]. */
  readonly logits: readonly WindowLogits[]
  readonly search: Omit<SpanOptions, 'top_k' | 'temperature'>
  /** Added to the scores of its spans to compare them with those of other documents. */
  readonly shift: number
}

/** A span in one of several documents, with the window that gives it the best score. */
export interface FoundSpan {
  readonly document: number
  readonly span: Span
  readonly window: number
}

/**
 * Collects the evidence for the best answer at each position. `found` must be sorted best first and include the best
 * span of every document. A span that overlaps a better one is a variant of the same answer and gets no entry.
 */
export function gatherEvidence<T extends Partial<FoundSpan>>(
  found: readonly T[],
  documents: readonly SearchedDocument[],
): ReadonlyMap<T, AnswerEvidence> {
  const evidence = new Map<T, AnswerEvidence>()
  const places: FoundSpan[] = []
  const windowsRead = documents.reduce((sum, { logitsByWindow }) => sum + logitsByWindow.length, 0)
  const windows = Math.log(Math.min(windowsRead, MAX_WINDOWS))
  for (const one of found) {
    if (!isSpan(one) || places.some((place) => overlap(place, one))) continue
    const { span, document, window } = one
    const { start_logits, end_logits } = documents[document].logits[window]
    const presence = span.score - (start_logits[0] + end_logits[0])
    const rival = places.length > 0 ? shifted(places[0], documents) : bestElsewhere(one, found, documents)
    const lead = rival === -Infinity ? presence : shifted(one, documents) - rival
    evidence.set(one, { lead, presence, length: Math.log(span.end - span.start + 1), windows })
    places.push(one)
  }
  return evidence
}

const isSpan = <T extends Partial<FoundSpan>>(one: T): one is T & FoundSpan => one.span !== undefined

const overlap = (a: FoundSpan, b: FoundSpan): boolean =>
  a.document === b.document && a.span.start <= b.span.end && b.span.start <= a.span.end

/** The best score of a span that does not overlap the best answer. */
function bestElsewhere(best: FoundSpan, found: readonly Partial<FoundSpan>[], documents: readonly SearchedDocument[]) {
  const { logitsByWindow, search, shift } = documents[best.document]
  const other = found.filter(isSpan).find(({ document }) => document !== best.document)
  const own = bestScoreElsewhere(logitsByWindow, search, best.span) + shift
  return other ? Math.max(own, shifted(other, documents)) : own
}

const shifted = ({ document, span }: FoundSpan, documents: readonly SearchedDocument[]): number =>
  span.score + documents[document].shift
