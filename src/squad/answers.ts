/** From the logits of a document's windows to answers in its text. */
import { UsageError } from '../errors.ts'
import { bestSpans, bestWindow, type ContextLogits, type Span } from './best-spans.ts'
import { readDocument, spanEdges, type WindowLogits } from './document-logits.ts'
import { LogSum } from './log-sum.ts'
import {
  type AnswerEvidence,
  answerConfidence,
  type ConfidenceModel,
  noAnswerConfidence,
} from './metrics/confidence.ts'
import { type FoundSpan, gatherEvidence } from './metrics/evidence.ts'
import type { Example, Window } from './types.ts'

export interface AnswerOptions {
  /** How many answers at most. */
  readonly top_k?: number
  /** In tokens. */
  readonly max_answer_length?: number
  /** May "" be the answer? Its logit is the null score less the threshold; it takes part in the probabilities. */
  readonly handle_impossible_answer?: boolean
  /** "" is the best answer when null score - best logit > threshold; tuned on validation, a property of the model. */
  readonly null_score_diff_threshold?: number
  /** Divides the logits before they become probabilities. The ranking does not depend on it. */
  readonly temperature?: number
  /** Fitted on questions with known answers; candidates then have a confidence. */
  readonly confidence?: ConfidenceModel
  /** Candidates also have the evidence that a model of confidence is fitted on. */
  readonly evidence?: boolean
}

/** A context, cut into windows, and what the model says about them. */
export interface DocumentLogits {
  readonly context: string
  /** In document order, one at least. */
  readonly windows: readonly Window[]
  /** One for each window. */
  readonly logits: readonly WindowLogits[]
  /**
   * UTF-16 start and end of each word of the context (words.ts). If given, answers start and end at words' edges.
   * Leave it out for languages without spaces between words.
   */
  readonly words?: Int32Array
}

export interface AnswerCandidate {
  /** Always `context.slice(start, end)`. */
  readonly answer: string
  /** The probability of this answer among all that are possible. */
  readonly score: number
  /**
   * The probability that the answer is right, word for word (confidence.ts); for "", that there is no answer. null for
   * another wording of a better answer, which shares its place. Only with the option `confidence`.
   */
  readonly confidence?: number | null
  /** Of the best answer at each place. Only with the option `evidence`. */
  readonly evidence?: AnswerEvidence
  /** Start logit + end logit; for "" null score - threshold. */
  readonly logit: number
  /** Those of the window that reads it best; for "" of [CLS] where the null score is least. */
  readonly start_logit: number
  readonly end_logit: number
  /** UTF-16 indices into the context; 0, 0 for "". */
  readonly start: number
  readonly end: number
  /** Index of the document that contains it; 0 for "". */
  readonly document: number
}

export interface ExampleAnswers {
  /** Best first, never empty: where no context holds a token the answer is "" with score 0. */
  readonly candidates: readonly AnswerCandidate[]
  /** The smallest [CLS] start logit + end logit of all windows: no answer means that no window sees one. */
  readonly null_score: number
  /** null_score less the logit of the best answer with text, as run_qa: the larger, the surer that there is none. */
  readonly null_odds: number
}

/**
 * The best answers to one question in one or several documents, with exact probabilities over all spans of all of
 * them (best-spans.ts). Throws UsageError for an option out of range, SpanforgeError for logits missing or not finite.
 */
export function findAnswers(documents: readonly DocumentLogits[], options: AnswerOptions = {}): ExampleAnswers {
  const { top_k = 1, max_answer_length = 30, null_score_diff_threshold = 0, temperature = 1 } = options
  checkAnswerOptions({ top_k, max_answer_length, temperature })

  const total = new LogSum()
  const read = documents.map(({ windows, logits, words }) => {
    const { logitsByWindow, offsets } = readDocument(windows, logits)
    return { logitsByWindow, offsets, logits, search: { max_answer_length, ...spanEdges(offsets, words) } }
  })
  const found: Found[] = []
  for (const [document, { logitsByWindow, offsets, search }] of read.entries()) {
    const { spans, log_total } = bestSpans(logitsByWindow, { top_k, temperature, ...search })
    total.add(log_total)
    for (const span of spans)
      found.push(foundAnswer(document, documents[document].context, offsets, logitsByWindow, span))
  }
  found.sort(bestFirst)

  const nothing = noAnswerCandidate(documents, null_score_diff_threshold)
  const null_score = nothing.start_logit + nothing.end_logit
  const null_odds = null_score - (found[0]?.logit ?? 0)
  const evidence = options.evidence || options.confidence ? gatherEvidence(found, read) : undefined
  if (options.handle_impossible_answer) {
    total.add(nothing.logit / temperature)
    found.push(nothing)
    found.sort(bestFirst)
  }
  const isEmpty = found.length === 0
  const candidates = (isEmpty ? [nothing] : found.slice(0, top_k)).map((one): AnswerCandidate => {
    const { span, window, answer, ...rest } = one
    const own = evidence?.get(one)
    return {
      answer,
      score: isEmpty ? 0 : probability(one.logit, temperature, total),
      ...(options.confidence && { confidence: confidenceOf(options.confidence, { span, own, null_odds }) }),
      ...(options.evidence && own && { evidence: own }),
      ...rest,
    }
  })
  return { candidates, null_score, null_odds }
}

function confidenceOf(
  model: ConfidenceModel,
  { span, own, null_odds }: { span?: Span; own?: AnswerEvidence; null_odds: number },
): number | null {
  if (!span) return noAnswerConfidence(model, null_odds)
  return own ? answerConfidence(model, own) : null
}

/** An answer with the place among the tokens where it was found; "" has none. */
type Found = Omit<AnswerCandidate, 'score' | 'confidence' | 'evidence'> & Partial<Omit<FoundSpan, 'document'>>

function foundAnswer(
  document: number,
  context: string,
  offsets: Int32Array,
  logitsByWindow: readonly ContextLogits[],
  span: Span,
): Found {
  const [start, end] = [offsets[2 * span.start], offsets[2 * span.end + 1]]
  return {
    answer: context.slice(start, end),
    logit: span.score,
    ...bestWindow(logitsByWindow, span),
    start,
    end,
    document,
    span,
  }
}

/** Of equal logits the earlier found stays first. */
const bestFirst = (a: Found, b: Found): number => b.logit - a.logit

const probability = (logit: number, temperature: number, total: LogSum): number =>
  Math.exp(logit / temperature - total.value)

/** `findAnswers` for each of the examples that the windows were cut from, in its own context. */
export function answerExamples(
  examples: readonly Example[],
  windows: readonly Window[],
  logits: readonly WindowLogits[],
  options: AnswerOptions = {},
): ExampleAnswers[] {
  const groups = groupByExample(windows, examples.length)
  return examples.map(({ context }, index) => {
    const own = groups[index]
    return findAnswers([{ context, windows: own.map((i) => windows[i]), logits: own.map((i) => logits[i]) }], options)
  })
}

/** "" by the logits of [CLS] in the window with the least sum. */
function noAnswerCandidate(documents: readonly DocumentLogits[], threshold: number): Found {
  let least: readonly [number, number] = [Infinity, Infinity]
  for (const { logits } of documents)
    for (const { start_logits, end_logits } of logits)
      if (start_logits[0] + end_logits[0] < least[0] + least[1]) least = [start_logits[0], end_logits[0]]
  const [start_logit, end_logit] = least
  const logit = start_logit + end_logit - threshold
  return { answer: '', logit, start_logit, end_logit, start: 0, end: 0, document: 0 }
}

/** For each example the indices of its windows, in order. */
export function groupByExample(windows: readonly Window[], examples: number): number[][] {
  const groups: number[][] = Array.from({ length: examples }, () => [])
  windows.forEach((window, index) => {
    groups[window.example].push(index)
  })
  return groups
}

interface CheckedOptions {
  readonly top_k: number
  readonly max_answer_length: number
  readonly temperature: number
}

function checkAnswerOptions({ top_k, max_answer_length, temperature }: CheckedOptions): void {
  if (!(top_k >= 1)) throw new UsageError(`top_k is ${top_k}, expected 1 or more`)
  if (!(max_answer_length >= 1)) throw new UsageError(`max_answer_length is ${max_answer_length}, expected 1 or more`)
  if (!(temperature > 0)) throw new UsageError(`temperature is ${temperature}, expected a positive number`)
}
