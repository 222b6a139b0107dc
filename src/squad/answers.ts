/** From the logits of a document's windows to answers in its text. */
import { UsageError } from '../errors.ts'
import { bestSpans, LogSum } from './best-spans.ts'
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
  /**
   * UTF-16 start and end of each word of the context (words.ts). If given, answers start and end at words' edges.
   * Leave it out for languages without spaces between words.
   */
  readonly words?: Int32Array
}

export interface AnswerCandidate {
  /** Always `context.slice(start, end)`. */
  readonly answer: string
  /** The probability of this answer among all that this document allows. */
  readonly score: number
  /** Start logit + end logit; for "" null score - threshold. */
  readonly logit: number
  /** UTF-16 indices into the context; 0, 0 for "". */
  readonly start: number
  readonly end: number
}

export interface ExampleAnswers {
  /** Best first, never empty: where the context holds no token the answer is "" with score 0. */
  readonly candidates: readonly AnswerCandidate[]
  /** The smallest [CLS] start logit + end logit of the windows: no answer means that no window sees one. */
  readonly null_score: number
  /** null_score less the logit of the best answer with text: the larger, the surer that there is none. */
  readonly null_odds: number
  /** log of the sum of exp(logit / temperature) over all possible answers: makes documents comparable. */
  readonly log_total: number
}

/**
 * The best answers to one question over all windows of its context, with exact probabilities (best-spans.ts).
 * `windows` are this example's, in order; `logits` go with them. Throws if there is no window or a logit is missing.
 */
export function answerExample(
  { id, context }: Pick<Example, 'id' | 'context'>,
  windows: readonly Window[],
  logits: readonly WindowLogits[],
  options: AnswerOptions = {},
): ExampleAnswers {
  const { top_k = 1, max_answer_length = 30, null_score_diff_threshold = 0, temperature = 1 } = options
  checkOptions({ top_k, max_answer_length, temperature })
  if (windows.length === 0) throw new UsageError(`answers: question ${id} has no windows, expected at least one`)

  const { readings, offsets } = readDocument(windows, logits)
  const edges = spanEdges(offsets, options.words)
  const { spans, log_total } = bestSpans(readings, { top_k, max_answer_length, temperature, ...edges })
  const null_score = Math.min(...logits.map(({ start_logits, end_logits }) => start_logits[0] + end_logits[0]))
  const nullLogit = null_score - null_score_diff_threshold

  const total = new LogSum()
  if (spans.length > 0) total.add(log_total)
  if (options.handle_impossible_answer) total.add(nullLogit / temperature)
  const candidateOf = (start: number, end: number, logit: number): AnswerCandidate => ({
    answer: context.slice(start, end),
    score: Math.exp(logit / temperature - total.value),
    logit,
    start,
    end,
  })

  const candidates = spans.map(({ start, end, score }) => candidateOf(offsets[2 * start], offsets[2 * end + 1], score))
  const null_odds = null_score - (candidates[0]?.logit ?? 0)
  if (options.handle_impossible_answer) {
    const place = candidates.findIndex(({ logit }) => nullLogit > logit)
    candidates.splice(place < 0 ? candidates.length : place, 0, candidateOf(0, 0, nullLogit))
  }
  if (candidates.length === 0) candidates.push({ answer: '', score: 0, logit: nullLogit, start: 0, end: 0 })
  return { candidates: candidates.slice(0, top_k), null_score, null_odds, log_total: total.value }
}

/** `answerExample` for each of the examples that the windows were cut from. */
export function answerExamples(
  examples: readonly Example[],
  windows: readonly Window[],
  logits: readonly WindowLogits[],
  options: AnswerOptions = {},
): ExampleAnswers[] {
  const windowsOf = groupByExample(windows, examples.length)
  return examples.map((example, index) => {
    const own = windowsOf[index]
    return answerExample(
      example,
      own.map((i) => windows[i]),
      own.map((i) => logits[i]),
      options,
    )
  })
}

/** For each example the indices of its windows, in order. */
export function groupByExample(windows: readonly Window[], examples: number): number[][] {
  const groups: number[][] = Array.from({ length: examples }, () => [])
  windows.forEach((window, index) => {
    groups[window.example].push(index)
  })
  return groups
}

function checkOptions(options: { top_k: number; max_answer_length: number; temperature: number }): void {
  const { top_k, max_answer_length, temperature } = options
  if (!(top_k >= 1)) throw new UsageError(`top_k is ${top_k}, expected 1 or more`)
  if (!(max_answer_length >= 1)) throw new UsageError(`max_answer_length is ${max_answer_length}, expected 1 or more`)
  if (!(temperature > 0)) throw new UsageError(`temperature is ${temperature}, expected a positive number`)
}
