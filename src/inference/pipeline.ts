/** Answers questions about contexts, with the scores of the Python pipeline or with exact probabilities. */
import { UsageError } from '../errors.ts'
import type { SpanModel } from '../models/span-model.ts'
import { type AnswerOptions, type DocumentLogits, type ExampleAnswers, findAnswers } from '../squad/answers/answers.ts'
import { Document } from '../squad/document.ts'
import { type PipelineAnswer, pipelineAnswers } from '../squad/python/pipeline-answers.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { atLeastOne, type WindowingOptions, type WindowNames, windowingPlan } from './pipeline-options.ts'
import { checkText, type QuestionInput, readQuestions } from './read-questions.ts'
import { streamLogits } from './stream-logits.ts'

export type { QuestionInput } from './read-questions.ts'

/** The options of `QuestionAnsweringPipeline` in transformers 4.57, with the same defaults. */
export interface PipelineOptions extends WindowingOptions {
  /** Maximum number of answers (default: 1). */
  readonly top_k?: number
  /** @deprecated Use `top_k`, which takes precedence. */
  readonly topk?: number
  /** Maximum length of an answer in tokens (default: 15). */
  readonly max_answer_len?: number
  /** Whether "" may be an answer (default: false). */
  readonly handle_impossible_answer?: boolean
  /**
   * Margin in favor of an answer over "": larger values make "" less likely (default: the value stored with the model,
   * otherwise 0).
   */
  readonly null_score_diff_threshold?: number
  /** Whether answers start and end at word boundaries (default: true). Use false for languages without spaces. */
  readonly align_to_words?: boolean
}

/** Options of `searchDocuments`: those of findAnswers, and how documents are read. */
export interface SearchOptions extends AnswerOptions, WindowingOptions {
  /** Whether answers start and end at word boundaries (default: true). */
  readonly align_to_words?: boolean
}

/**
 * Answers each question about its context. Yields at most top_k answers per question, best first, with the scores of
 * the Python pipeline (see pipeline-answers.ts). `context.slice(start, end) === answer` holds for every answer.
 *
 * Inputs may be a stream and are read on demand. Consecutive inputs with the same context share its tokens. Contexts
 * may be as long as a book: tokens, windows and logits take 100 to 250 bytes per token, and the model computes only one
 * pass at a time.
 *
 * @throws UsageError if an option is out of range or a question or context is empty
 * @throws SpanforgeError if a question leaves no room for the context
 */
export async function* answerQuestions(
  model: SpanModel,
  tokenizer: Tokenizer,
  inputs: Iterable<QuestionInput> | AsyncIterable<QuestionInput>,
  options: PipelineOptions & WindowNames = {},
): AsyncGenerator<PipelineAnswer[]> {
  const { topk = 1, top_k = topk, max_answer_len = 15, align_to_words = true } = options
  const { handle_impossible_answer, null_score_diff_threshold } = options
  atLeastOne('top_k', top_k)
  atLeastOne('max_answer_len', max_answer_len)
  const windowing = windowingPlan(tokenizer, model.geometry, { ...options, keep_leading_spaces: true })
  for await (const { document, windows, logits } of readQuestions(model, tokenizer, inputs, windowing)) {
    const words = align_to_words ? document.words : undefined
    const cls_token_id = tokenizer.cls_token_id ?? null
    const asked = { top_k, max_answer_len, handle_impossible_answer, null_score_diff_threshold, cls_token_id, words }
    yield pipelineAnswers(document.context, windows, logits, asked)
  }
}

/**
 * Finds the best answers to each question in all documents together. Probabilities are exact over all spans of all
 * documents (see answers.ts), so scores from different documents are comparable. Each document is tokenized once and
 * may have any length.
 * @throws UsageError if an option is out of range or a question or document is empty
 * @throws SpanforgeError if a question leaves no room for the document
 */
export async function* searchDocuments(
  model: SpanModel,
  tokenizer: Tokenizer,
  questions: Iterable<string> | AsyncIterable<string>,
  contexts: readonly string[],
  options: SearchOptions & WindowNames = {},
): AsyncGenerator<ExampleAnswers> {
  if (contexts.length === 0) throw new UsageError('search: expected at least one document')
  const windowing = windowingPlan(tokenizer, model.geometry, options)
  const documents = contexts.map((context, index) => {
    checkText('document', context, index)
    return new Document(context, tokenizer, windowing.windows)
  })

  async function* cut() {
    let index = 0
    for await (const question of questions) {
      checkText('question', question, index)
      for (const document of documents) yield { document, windows: document.windows(question, `${index}`) }
      index++
    }
  }
  const total = Array.isArray(questions) ? countWindows(questions, documents) : undefined
  const onProgress = (done: number) => options.onProgress?.(done, total)
  let read: DocumentLogits[] = []
  for await (const { document, windows, logits } of streamLogits(model, cut(), { ...windowing.forward, onProgress })) {
    const words = options.align_to_words === false ? undefined : document.words
    read.push({ context: document.context, windows, logits, words })
    if (read.length < documents.length) continue
    yield findAnswers(read, options)
    read = []
  }
}

const countWindows = (questions: readonly string[], documents: readonly Document[]): number =>
  documents.reduce((sum, document) => questions.reduce((n, question) => n + document.countWindows(question), sum), 0)
