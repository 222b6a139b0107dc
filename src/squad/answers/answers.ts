/** Turns the logits of a document's windows into answers. */
import { UsageError } from '../../errors.ts'
import type { Example, Window } from '../types.ts'
import { bestSpans, bestWindow, type ContextLogits, LogSum, type Span } from './best-spans.ts'
import { type AnswerEvidence, answerConfidence, type ConfidenceModel, noAnswerConfidence } from './confidence.ts'
import { readDocument, spanEdges, type WindowLogits } from './document-logits.ts'
import { type FoundSpan, gatherEvidence } from './evidence.ts'

export interface AnswerOptions {
  /** Maximum number of answers (default: 1). */
  readonly top_k?: number
  /** Maximum length of an answer in tokens (default: 30). */
  readonly max_answer_length?: number
  /** Whether "" is a possible answer, with the null score minus the threshold as its logit (default: false). */
  readonly handle_impossible_answer?: boolean
  /**
   * "" is the best answer if null score - best logit > threshold. A property of the model, tuned on validation data.
   */
  readonly null_score_diff_threshold?: number
  /** Divisor of the logits before the softmax (default: 1). It does not affect the ranking. */
  readonly temperature?: number
  /** A model fitted on questions with known answers, which adds a confidence to each candidate. */
  readonly confidence?: ConfidenceModel
  /** Whether candidates include the evidence for fitting a confidence model (default: false). */
  readonly evidence?: boolean
}

/** A context with its windows and the model's logits for them. */
export interface DocumentLogits {
  readonly context: string
  /** Windows in document order, at least one. */
  readonly windows: readonly Window[]
  /** Logits of each window. */
  readonly logits: readonly WindowLogits[]
  /**
   * UTF-16 start and end of each word of the context, from `wordRanges`. If set, answers start and end at word
   * boundaries. Omit it for languages without spaces between words.
   */
  readonly words?: Int32Array
  /**
   * Log probability that the answer is in this context, if the contexts are passages that a search has found. Spans then
   * compete in two steps: with the other spans and "no answer" of their context, and the contexts by their priors. Set
   * it for all contexts or for none. Without it, the spans of all contexts compete directly.
   */
  readonly prior?: number
}

export interface AnswerCandidate {
  /** Text of the answer, which is `context.slice(start, end)`. */
  readonly answer: string
  /** Probability of this answer among all possible answers. */
  readonly score: number
  /**
   * Probability that the answer is an exact match; for "", that there is no answer. null for a variant of a better
   * answer that it overlaps. Requires the option `confidence`.
   */
  readonly confidence?: number | null
  /** Evidence for the confidence, for the best answer at each position. Requires the option `evidence`. */
  readonly evidence?: AnswerEvidence
  /**
   * Start logit + end logit; for "", null score - threshold. With priors, both are relative to the sum over all spans
   * of their context, so that they are comparable.
   */
  readonly logit: number
  /** Start logit from the window with the best score; for "", of [CLS] in the window with the lowest null score. */
  readonly start_logit: number
  readonly end_logit: number
  /** Start of the answer as a UTF-16 index into the context; 0 for "". */
  readonly start: number
  readonly end: number
  /** Index of the document that contains it; 0 for "". */
  readonly document: number
}

export interface ExampleAnswers {
  /** Candidates, best first. Never empty: without any context tokens, the only candidate is "" with score 0. */
  readonly candidates: readonly AnswerCandidate[]
  /**
   * Lowest [CLS] start logit + end logit of all windows, because "no answer" requires that no window has an answer. With
   * priors, log of the probability that no context has one.
   */
  readonly null_score: number
  /** null_score minus the logit of the best non-empty answer, as in run_qa. High values mean "no answer". */
  readonly null_odds: number
}

/**
 * Finds the best answers to a question in one or several documents, with exact probabilities over all spans.
 * @throws UsageError for an option out of range
 * @throws SpanforgeError for missing or non-finite logits
 */
export function findAnswers(documents: readonly DocumentLogits[], options: AnswerOptions = {}): ExampleAnswers {
  const { top_k = 1, max_answer_length = 30, null_score_diff_threshold = 0, temperature = 1 } = options
  checkAnswerOptions({ top_k, max_answer_length, temperature })

  const total = new LogSum()
  const read = documents.map(({ windows, logits, words, prior }) => {
    const { logitsByWindow, offsets } = readDocument(windows, logits)
    const search = { max_answer_length, ...spanEdges(offsets, words) }
    const best = bestSpans(logitsByWindow, { top_k, temperature, ...search })
    const shift = prior === undefined ? 0 : temperature * (prior - totalWithNull(best.log_total, logits, temperature))
    return { logitsByWindow, offsets, logits, search, shift, ...best }
  })
  const found: Found[] = []
  for (const [document, { logitsByWindow, offsets, shift, spans, log_total }] of read.entries()) {
    total.add(log_total + shift / temperature)
    for (const span of spans) {
      const own = foundAnswer(document, documents[document].context, offsets, logitsByWindow, span)
      found.push({ ...own, logit: own.logit + shift })
    }
  }
  found.sort(bestFirst)

  const null_score = nullScore(documents, read, temperature)
  const nothing = noAnswerCandidate(documents, null_score - null_score_diff_threshold)
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

/** An answer with its token span, which "" does not have. */
type Found = Omit<AnswerCandidate, 'score' | 'confidence' | 'evidence'> & Partial<Omit<FoundSpan, 'document'>>

function foundAnswer(
  document: number,
  context: string,
  offsets: Int32Array,
  logitsByWindow: readonly ContextLogits[],
  span: Span,
): Found {
  const [start, end] = withoutSpaces(context, offsets[2 * span.start], offsets[2 * span.end + 1])
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

/** Tokens of some models, such as ModernBERT, include the space before a word. Answers do not. */
function withoutSpaces(context: string, start: number, end: number): readonly [start: number, end: number] {
  const text = context.slice(start, end)
  const trimmed = text.trim()
  // An empty answer would mean that the text has none.
  if (trimmed === '') return [start, end]
  const from = end - text.trimStart().length
  return [from, from + trimmed.length]
}

/** Sorts by logit. Ties keep their order. */
const bestFirst = (a: Found, b: Found): number => b.logit - a.logit

const probability = (logit: number, temperature: number, total: LogSum): number =>
  Math.exp(logit / temperature - total.value)

/** Runs `findAnswers` for each example in its own context. */
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

/** The start and end logit of [CLS] in the window with the lowest null score. */
function lowestNull(logits: readonly WindowLogits[]): readonly [start: number, end: number] {
  let least: readonly [number, number] = [Infinity, Infinity]
  for (const { start_logits, end_logits } of logits)
    if (start_logits[0] + end_logits[0] < least[0] + least[1]) least = [start_logits[0], end_logits[0]]
  return least
}

const nullOf = (logits: readonly WindowLogits[]): number => {
  const [start, end] = lowestNull(logits)
  return start + end
}

/** Log of the sum over all spans of a document and "no answer". */
function totalWithNull(log_total: number, logits: readonly WindowLogits[], temperature: number): number {
  const total = new LogSum()
  total.add(log_total)
  total.add(nullOf(logits) / temperature)
  return total.value
}

/** The score of "no answer": the lowest of all windows, or with priors the sum over the documents. */
function nullScore(
  documents: readonly DocumentLogits[],
  read: readonly { readonly shift: number }[],
  temperature: number,
): number {
  if (documents.every(({ prior }) => prior === undefined)) return nullOf(documents.flatMap(({ logits }) => logits))
  const total = new LogSum()
  for (const [i, { logits }] of documents.entries()) total.add((nullOf(logits) + read[i].shift) / temperature)
  return temperature * total.value
}

function noAnswerCandidate(documents: readonly DocumentLogits[], logit: number): Found {
  const [start_logit, end_logit] = lowestNull(documents.flatMap(({ logits }) => logits))
  return { answer: '', logit, start_logit, end_logit, start: 0, end: 0, document: 0 }
}

/** Returns the indices of the windows of each example, in order. */
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
  if (!(top_k >= 1)) throw new UsageError(`top_k is ${top_k}, expected at least 1`)
  if (!(max_answer_length >= 1)) throw new UsageError(`max_answer_length is ${max_answer_length}, expected at least 1`)
  if (!(temperature > 0)) throw new UsageError(`temperature is ${temperature}, expected a positive number`)
}
