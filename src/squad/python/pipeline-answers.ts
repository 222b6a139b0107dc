/**
 * The answers of the Python pipeline, with the peculiarities of `QuestionAnsweringPipeline.postprocess` in transformers
 * 4.57. Scores are products of two softmaxes within one window. Answers with the same text, ignoring case and position,
 * are merged at the first position and their scores added, so a score may depend on top_k and exceed 1. Use it for
 * comparison with Python; otherwise prefer `findAnswers`.
 *
 * One difference: Python also returns meaningless answers, which are omitted here: with score 0 if a context has fewer than
 * top_k spans, and spans from a cls_token that the user wrote in the question into the context.
 */
import { UsageError } from '../../errors.ts'
import { bestSpans, LogSum } from '../answers/best-spans.ts'
import { checkLogits, contextLogits, type WindowLogits } from '../answers/document-logits.ts'
import { endOfWord, wordAt } from '../answers/words.ts'
import type { Window } from '../types.ts'

export interface PipelineAnswerOptions {
  readonly top_k?: number
  readonly max_answer_len?: number
  readonly handle_impossible_answer?: boolean
  /**
   * The score of "" is multiplied by exp(-threshold), so that in a context with one window "" is best exactly if it is
   * in run_qa (default: 0). Python does not have this option.
   */
  readonly null_score_diff_threshold?: number
  /**
   * The tokenizer's cls_token_id, null if it has no cls_token (default: the first token of each window). Tokens with this id
   * take part in the softmax. Without them, the score of "" is 0.
   */
  readonly cls_token_id?: number | null
  /** UTF-16 start and end of each word of the context, for align_to_words, which is Python's default. */
  readonly words?: Int32Array
  /** Maximum number of characters of all candidates together (default: no limit). */
  readonly max_characters?: number
}

export interface PipelineAnswer {
  readonly score: number
  readonly start: number
  readonly end: number
  readonly answer: string
}

/** Returns at most top_k answers, best first. For a context without tokens, the answer is "" with score 0. */
export function pipelineAnswers(
  context: string,
  windows: readonly Window[],
  logits: readonly WindowLogits[],
  options: PipelineAnswerOptions = {},
): PipelineAnswer[] {
  const { top_k = 1, max_answer_len = 15, handle_impossible_answer = false, words } = options
  const { null_score_diff_threshold = 0, max_characters = Infinity, cls_token_id } = options
  if (!(top_k >= 1)) throw new UsageError(`top_k is ${top_k}, expected at least 1`)
  if (!(max_answer_len >= 1)) throw new UsageError(`max_answer_len is ${max_answer_len}, expected at least 1`)

  const answers = new Map<string, PipelineAnswer>()
  // Caches lower-case texts, because a single very long word would otherwise be converted for almost every span.
  const keys = new Map<string, string>()
  let characters = 0
  const keyOf = (start: number, end: number): string => {
    const place = `${start} ${end}`
    const known = keys.get(place)
    if (known !== undefined) return known
    characters += end - start
    if (characters > max_characters)
      throw new UsageError(
        `the candidate answers have more than ${max_characters.toLocaleString('en-US')} characters`,
        'Use a smaller top_k or max_answer_len, or a text without extremely long words.',
      )
    const key = context.slice(start, end).toLowerCase()
    keys.set(place, key)
    return key
  }
  let nullScore = Infinity
  for (const [index, window] of windows.entries()) {
    checkLogits(window, logits[index], index)
    const { start_logits, end_logits } = logits[index]
    const counted = countedTokens(window, cls_token_id)
    const logTotal = logSumExp(start_logits, counted) + logSumExp(end_logits, counted)
    const nullLogit = counted[0] === 0 ? start_logits[0] + end_logits[0] - logTotal : -Infinity
    nullScore = Math.min(nullScore, Math.exp(nullLogit - null_score_diff_threshold))
    const { spans } = bestSpans([contextLogits(window, logits[index])], {
      // Extra spans, because some become equal when aligned to words.
      top_k: words ? 2 * top_k + 10 : top_k,
      max_answer_length: max_answer_len,
    })
    for (const span of spans) {
      const [start, end] = charactersOf(window, span.start, span.end, words)
      const key = keyOf(start, end)
      const score = Math.exp(span.score - logTotal)
      const equal = answers.get(key)
      answers.set(
        key,
        equal ? { ...equal, score: equal.score + score } : { score, start, end, answer: context.slice(start, end) },
      )
    }
  }
  const found = [...answers.values()]
  if (found.length === 0 && !handle_impossible_answer) found.push({ score: 0, start: 0, end: 0, answer: '' })
  if (handle_impossible_answer) found.push({ score: nullScore, start: 0, end: 0, answer: '' })
  return found.sort((a, b) => b.score - a.score).slice(0, top_k)
}

/** The tokens of the softmax, in order: those of the context, and [CLS] wherever it is. */
function countedTokens(
  { input_ids, context_start, context_end }: Window,
  cls_token_id: number | null = input_ids[0],
): number[] {
  const counted: number[] = []
  for (let token = 0; token < input_ids.length; token++)
    if (input_ids[token] === cls_token_id || (token >= context_start && token < context_end)) counted.push(token)
  return counted
}

function logSumExp(logits: Float32Array, counted: readonly number[]): number {
  const total = new LogSum()
  for (const token of counted) total.add(logits[token])
  return total.value
}

/** The character range of the context tokens `first` to `last`, with `words` extended to words within the window. */
function charactersOf(window: Window, first: number, last: number, words?: Int32Array): readonly [number, number] {
  const { offsets, context_start, context_end } = window
  const start = offsets[2 * (context_start + first)]
  const [lastStart, end] = offsets.subarray(2 * (context_start + last))
  if (!words) return [start, end]
  const wordStart = wordAt(words, start)?.[0] ?? start
  const wordEnd = endOfWord(words, lastStart, end) ?? end
  return [Math.max(wordStart, offsets[2 * context_start]), Math.min(wordEnd, offsets[2 * context_end - 1])]
}
