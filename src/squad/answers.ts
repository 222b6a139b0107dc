/** From the logits of a document's windows to answers in its text. */
import { UsageError } from '../errors.ts'
import { bestSpans, logitsOf, logTotal } from './best-spans.ts'
import { LogSum } from './log-sum.ts'
import { readDocument, spanEdges, type WindowLogits } from './readings.ts'
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
  /** Divides the logits before they become probabilities; fitted on validation (calibration.ts). Ranks stay as are. */
  readonly temperature?: number
  /** If given, candidates also have a confidence: their probability at this temperature, fitted on validation. */
  readonly confidence_temperature?: number
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
  /** How likely it is right, where a confidence_temperature was given. */
  readonly confidence?: number
  /** Start logit + end logit; for "" null score - threshold. */
  readonly logit: number
  /** Those of the window that reads it best; for "" of [CLS] where the null score is least. */
  readonly start_logit: number
  readonly end_logit: number
  /** UTF-16 indices into the context; 0, 0 for "". */
  readonly start: number
  readonly end: number
  /** Index of the document it stands in; for "" 0. */
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
  const { confidence_temperature } = options
  checkOptions({ top_k, max_answer_length, temperature, confidence_temperature })

  const total = new LogSum()
  const calibrated = new LogSum()
  const found: Found[] = []
  for (const [document, { context, windows, logits, words }] of documents.entries()) {
    const { readings, offsets } = readDocument(windows, logits)
    const edges = spanEdges(offsets, words)
    const { spans, log_total } = bestSpans(readings, { top_k, max_answer_length, temperature, ...edges })
    total.add(log_total)
    if (confidence_temperature !== undefined)
      calibrated.add(logTotal(readings, { max_answer_length, temperature: confidence_temperature, ...edges }))
    for (const span of spans) {
      const [start, end] = [offsets[2 * span.start], offsets[2 * span.end + 1]]
      const [start_logit, end_logit] = logitsOf(readings, span)
      found.push({
        answer: context.slice(start, end),
        logit: span.score,
        start_logit,
        end_logit,
        start,
        end,
        document,
      })
    }
  }
  found.sort(bestFirst)

  const nothing = noAnswerCandidate(documents, null_score_diff_threshold)
  const null_score = nothing.start_logit + nothing.end_logit
  const null_odds = null_score - (found[0]?.logit ?? 0)
  if (options.handle_impossible_answer) {
    total.add(nothing.logit / temperature)
    if (confidence_temperature !== undefined) calibrated.add(nothing.logit / confidence_temperature)
    found.push(nothing)
    found.sort(bestFirst)
  }
  if (found.length === 0) {
    const impossible = { ...nothing, score: 0, ...(confidence_temperature !== undefined && { confidence: 0 }) }
    return { candidates: [impossible], null_score, null_odds }
  }
  const candidates = found.slice(0, top_k).map(({ answer, ...rest }) => ({
    answer,
    score: probability(rest.logit, temperature, total),
    ...(confidence_temperature !== undefined && {
      confidence: probability(rest.logit, confidence_temperature, calibrated),
    }),
    ...rest,
  }))
  return { candidates, null_score, null_odds }
}

type Found = Omit<AnswerCandidate, 'score' | 'confidence'>

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
  readonly confidence_temperature?: number
}

function checkOptions(options: CheckedOptions): void {
  const { top_k, max_answer_length, temperature, confidence_temperature = 1 } = options
  if (!(top_k >= 1)) throw new UsageError(`top_k is ${top_k}, expected 1 or more`)
  if (!(max_answer_length >= 1)) throw new UsageError(`max_answer_length is ${max_answer_length}, expected 1 or more`)
  for (const [name, value] of Object.entries({ temperature, confidence_temperature }))
    if (!(value > 0)) throw new UsageError(`${name} is ${value}, expected a positive number`)
}
