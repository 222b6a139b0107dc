/** Questions and contexts in, answers out: as the Python pipeline gives them, and as exact probabilities do. */
import { UsageError } from '../errors.ts'
import type { BertForQuestionAnswering } from '../models/question-answering.ts'
import { type AnswerOptions, type DocumentLogits, type ExampleAnswers, findAnswers } from '../squad/answers.ts'
import { type PipelineAnswer, pipelineAnswers } from '../squad/pipeline-answers.ts'
import type { BertTokenizer } from '../text/tokenizer.ts'
import { Document } from './document.ts'
import { atLeastOne, type ReadingOptions, readingOptions } from './pipeline-options.ts'
import { streamLogits } from './stream-logits.ts'

export interface QuestionInput {
  readonly question: string
  readonly context: string
}

/** The options of `QuestionAnsweringPipeline` in transformers 4.57, with its defaults. */
export interface PipelineOptions extends ReadingOptions {
  /** How many answers at most; 1 unless given. */
  readonly top_k?: number
  /** @deprecated An older name of top_k, which wins where both are given. */
  readonly topk?: number
  /** Longest answer in tokens; 15 unless given. */
  readonly max_answer_len?: number
  /** May "" be the answer? No unless told. */
  readonly handle_impossible_answer?: boolean
  /** Answers start and end with words, not within one; true unless told, false for languages without spaces. */
  readonly align_to_words?: boolean
}

/** Options of `searchDocuments`: those of findAnswers, and how the documents are read. */
export interface SearchOptions extends AnswerOptions, ReadingOptions {
  /** Answers start and end with words; true unless told. */
  readonly align_to_words?: boolean
}

/**
 * The answers to each question in its context, at most top_k, best first, with Python's scores (pipeline-answers.ts).
 * Inputs may be a stream: one is asked for when its turn comes. Neighbours with the same context share its tokens. A
 * context may be a book: its tokens, windows and logits are held, 100 to 250 bytes a token, and of the model's work no
 * more than one pass.
 * `context.slice(start, end) === answer` holds for every answer.
 * @throws UsageError for an option out of range or an empty question or context; SpanforgeError for a question that
 * leaves no room for the context
 */
export async function* answerQuestions(
  model: BertForQuestionAnswering,
  tokenizer: BertTokenizer,
  inputs: Iterable<QuestionInput> | AsyncIterable<QuestionInput>,
  options: PipelineOptions = {},
): AsyncGenerator<PipelineAnswer[]> {
  const { topk = 1, top_k = topk, max_answer_len = 15, handle_impossible_answer, align_to_words = true } = options
  atLeastOne('top_k', top_k)
  atLeastOne('max_answer_len', max_answer_len)
  const reading = readingOptions(tokenizer, model.config, options)

  async function* cut() {
    let document: Document | undefined
    let index = 0
    for await (const { question, context } of inputs) {
      checkText('question', question, index)
      checkText('context', context, index)
      if (document?.context !== context) document = new Document(context, tokenizer, reading.windows)
      yield { document, windows: document.windows(question, `${index++}`) }
    }
  }
  for await (const { document, windows, logits } of streamLogits(model, cut(), reading.forward)) {
    const words = align_to_words ? document.words : undefined
    const asked = { top_k, max_answer_len, handle_impossible_answer, words }
    yield pipelineAnswers(document.context, windows, logits, asked)
  }
}

/**
 * The best answers to each question in all documents together, with exact probabilities over every span of every
 * document (answers.ts): scores of different documents can be compared. Documents are tokenised once; for each they
 * may be of any length.
 * @throws as answerQuestions
 */
export async function* searchDocuments(
  model: BertForQuestionAnswering,
  tokenizer: BertTokenizer,
  questions: Iterable<string> | AsyncIterable<string>,
  contexts: readonly string[],
  options: SearchOptions = {},
): AsyncGenerator<ExampleAnswers> {
  if (contexts.length === 0) throw new UsageError('search: no documents given, expected one at least')
  const reading = readingOptions(tokenizer, model.config, options)
  const documents = contexts.map((context, index) => {
    checkText('document', context, index)
    return new Document(context, tokenizer, reading.windows)
  })

  async function* cut() {
    let index = 0
    for await (const question of questions) {
      checkText('question', question, index)
      for (const document of documents) yield { document, windows: document.windows(question, `${index}`) }
      index++
    }
  }
  let read: DocumentLogits[] = []
  for await (const { document, windows, logits } of streamLogits(model, cut(), reading.forward)) {
    const words = options.align_to_words === false ? undefined : document.words
    read.push({ context: document.context, windows, logits, words })
    if (read.length < documents.length) continue
    yield findAnswers(read, options)
    read = []
  }
}

function checkText(name: string, text: unknown, index: number): void {
  if (typeof text !== 'string')
    throw new UsageError(`${name} ${index}: found ${JSON.stringify(text)?.slice(0, 80)}, expected a text`)
  if (text === '') throw new UsageError(`${name} ${index}: found an empty text`)
}
