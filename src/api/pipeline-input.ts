import { z } from 'zod'
import { UsageError } from '../errors.ts'
import { answerOption } from '../inference/answer-options.ts'
import type { PipelineOptions, QuestionInput, SearchOptions } from '../inference/pipeline.ts'
import type { IndexAnswerOptions } from '../search/passage-reader.ts'
import { showValue } from '../show-value.ts'
import type { SchemasOf } from './check-options.ts'

const { onProgress, padding, batch_size, max_question_len, doc_stride, max_seq_len, ...answering } = answerOption
const { top_k, max_answer_length, handle_impossible_answer, null_score_diff_threshold, align_to_words } = answering
const reading = { max_seq_len, doc_stride, max_question_len, batch_size, padding, onProgress }

export const PIPELINE_OPTIONS = z
  .strictObject({
    top_k,
    topk: top_k,
    max_answer_len: max_answer_length,
    handle_impossible_answer,
    null_score_diff_threshold,
    align_to_words,
    ...reading,
  } satisfies SchemasOf<PipelineOptions>)
  .partial()

export const SEARCH_OPTIONS = z.strictObject(answerOption satisfies SchemasOf<SearchOptions>).partial()

export const INDEX_OPTIONS = z
  .strictObject({
    ...answerOption,
    passages: z.int().min(1),
    documents: z.array(z.int()),
  } satisfies SchemasOf<IndexAnswerOptions>)
  .partial()

/** A list of questions with contexts, or a list of questions with one common context or one for each. */
export type ManyQuestions =
  | readonly QuestionInput[]
  | { readonly question: readonly string[]; readonly context: string | readonly string[] }

export interface PipelineCall {
  readonly inputs: readonly QuestionInput[]
  /** Whether the input was a single question, not a list. */
  readonly isSingle: boolean
  readonly options?: PipelineOptions
}

/**
 * Normalizes the arguments of a call: `(question, context, options)`, `({ question, context }, options)` or a list.
 * @throws UsageError for any other arguments
 */
export function toInputs(args: readonly unknown[]): PipelineCall {
  if (typeof args[0] === 'string') {
    const [question, context, options] = args as [string, string, PipelineOptions?]
    return { inputs: [{ question, context }], isSingle: true, options }
  }
  const [given, options] = args as [unknown, PipelineOptions?]
  if (Array.isArray(given)) return { inputs: given.map(checked), isSingle: false, options }
  const { question, context } = checked(given)
  if (!Array.isArray(question)) return { inputs: [{ question, context }], isSingle: true, options }
  if (Array.isArray(context) && context.length !== question.length)
    throw new UsageError(`pipeline: ${question.length} questions with ${context.length} contexts`)
  const contextOf = (i: number) => (Array.isArray(context) ? context[i] : context)
  return { inputs: question.map((q: string, i) => ({ question: q, context: contextOf(i) })), isSingle: false, options }
}

/** Checks the shape of an input, for callers in JavaScript. The texts are validated when they are read. */
function checked(given: unknown): QuestionInput {
  if (typeof given === 'object' && given !== null && 'question' in given && 'context' in given)
    return given as QuestionInput
  throw new UsageError(
    `pipeline: found ${showValue(given)}, expected { question, context }`,
    'Pass a list of these for several questions, or use search() for several documents.',
  )
}
