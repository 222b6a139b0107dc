import { z } from 'zod'
import { UsageError } from '../errors.ts'
import { resolveAnswerOptions, resolvePipelineOptions } from '../inference/answer-options.ts'
import {
  answerQuestions,
  type PipelineOptions,
  type QuestionInput,
  type SearchOptions,
  searchDocuments,
} from '../inference/pipeline.ts'
import { fitVocabulary } from '../inference/pretrained.ts'
import type { QuestionAnsweringModel } from '../models/question-answering.ts'
import type { ExampleAnswers } from '../squad/answers.ts'
import type { PipelineAnswer } from '../squad/python/pipeline-answers.ts'
import type { BertTokenizer as Tokenizer } from '../text/tokenizer.ts'
import { anObject, checkOptions, type SchemasOf } from './check-options.ts'
import { FROM_PRETRAINED, type FromPretrainedOptions } from './from-pretrained-options.ts'
import { AutoModelForQuestionAnswering, storedSettings } from './model.ts'
import { type ManyQuestions, PIPELINE_OPTIONS, SEARCH_OPTIONS, toInputs } from './pipeline-input.ts'
import { BertTokenizer } from './tokenizer.ts'

/** The one best answer is what comes back unless `top_k` asks for a list. */
export type OneAnswer = Omit<PipelineOptions, 'top_k' | 'topk'>
export type TopAnswers = PipelineOptions & ({ readonly top_k: number } | { readonly topk: number })

/**
 * What `pipeline('question-answering', ...)` gives: to be called with a question and a context, or with many, as the
 * pipeline of transformers 4.57, whose answers and scores these are. Two differences of shape: what comes back depends
 * on what was asked alone (with `top_k` always a list, for a list of questions always a list), and `start` and `end`
 * count UTF-16 units, so that `context.slice(start, end) === answer` for every text there is. Python's scores are within
 * one window, those of equal answers added up: in a long text they may exceed 1. `search` gives probabilities; with a
 * model that has stored settings (answer_settings.json) it uses their threshold and gives a confidence, if one was fitted.
 */
export interface QuestionAnsweringPipeline {
  (question: string, context: string, options: TopAnswers): Promise<PipelineAnswer[]>
  (question: string, context: string, options?: OneAnswer): Promise<PipelineAnswer>
  (input: QuestionInput, options: TopAnswers): Promise<PipelineAnswer[]>
  (input: QuestionInput, options?: OneAnswer): Promise<PipelineAnswer>
  (inputs: ManyQuestions, options: TopAnswers): Promise<PipelineAnswer[][]>
  (inputs: ManyQuestions, options?: OneAnswer): Promise<PipelineAnswer[]>

  /** The answers to each of any number of questions, one by one as they are found; memory stays bounded. */
  stream(
    inputs: Iterable<QuestionInput> | AsyncIterable<QuestionInput>,
    options?: PipelineOptions,
  ): AsyncGenerator<PipelineAnswer[]>
  /** The best answers in several documents together, their scores exact probabilities that can be compared. */
  search(question: string, documents: readonly string[], options?: SearchOptions): Promise<ExampleAnswers>
  /** As `search`, for many questions; each document is tokenised once. */
  searchAll(
    questions: Iterable<string> | AsyncIterable<string>,
    documents: readonly string[],
    options?: SearchOptions,
  ): AsyncGenerator<ExampleAnswers>

  readonly model: QuestionAnsweringModel
  readonly tokenizer: Tokenizer
  /** Frees the engine's memory. The pipeline stays usable: the next call makes ready again, as the first did. */
  dispose(): Promise<void>
}

/** How model and tokenizer are loaded, where they are given by name. */
export interface PipelineSource extends FromPretrainedOptions {
  /** Folder or name of the tokenizer, or the tokenizer itself (default: that of the model). */
  readonly tokenizer?: string | Tokenizer
}

const PIPELINE_SOURCE = z
  .strictObject({
    tokenizer: z.union([z.string(), anObject<Tokenizer>('')], 'a tokenizer or its name'),
    ...FROM_PRETRAINED.shape,
  } satisfies SchemasOf<PipelineSource>)
  .partial()

/**
 * A pipeline from a model folder or name, or from a model and its tokenizer.
 * @throws UsageError for another task, an unknown option or one of another kind, or a model without a tokenizer; SpanforgeError where
 * the two do not fit
 */
export async function pipeline(
  task: 'question-answering',
  model: string | QuestionAnsweringModel,
  options: PipelineSource = {},
): Promise<QuestionAnsweringPipeline> {
  if (task !== 'question-answering') throw new UsageError(`pipeline: found task "${task}", expected question-answering`)
  checkOptions('pipeline', PIPELINE_SOURCE, options)
  const { tokenizer = typeof model === 'string' ? model : undefined, ...loading } = options
  if (tokenizer === undefined)
    throw new UsageError('pipeline: the model came without a tokenizer', 'Give it too: { tokenizer }.')
  const asLoaded = typeof tokenizer === 'string' ? await BertTokenizer.from_pretrained(tokenizer, loading) : tokenizer
  const loaded = typeof model === 'string' ? await AutoModelForQuestionAnswering.from_pretrained(model, loading) : model
  const fitting = fitVocabulary(typeof model === 'string' ? model : 'pipeline', asLoaded, loaded.geometry)
  return makePipeline(loaded, fitting)
}

function makePipeline(model: QuestionAnsweringModel, tokenizer: Tokenizer): QuestionAnsweringPipeline {
  const settings = storedSettings(model)
  const stream: QuestionAnsweringPipeline['stream'] = (inputs, options = {}) => {
    checkOptions('pipeline', PIPELINE_OPTIONS, options)
    return answerQuestions(model, tokenizer, inputs, resolvePipelineOptions(options, settings))
  }
  const searchAll: QuestionAnsweringPipeline['searchAll'] = (questions, documents, options = {}) => {
    checkOptions('search', SEARCH_OPTIONS, options)
    return searchDocuments(model, tokenizer, questions, documents, resolveAnswerOptions(options, settings))
  }

  async function call(...args: unknown[]): Promise<PipelineAnswer | PipelineAnswer[] | PipelineAnswer[][]> {
    const { inputs, isSingle, options } = toInputs(args)
    const found: PipelineAnswer[][] = []
    for await (const answers of stream(inputs, options)) found.push(answers)
    if ((options?.top_k ?? options?.topk) !== undefined) return isSingle ? found[0] : found
    return isSingle ? found[0][0] : found.map(([best]) => best)
  }

  return Object.assign(call as QuestionAnsweringPipeline, {
    model,
    tokenizer,
    stream,
    searchAll,
    search: async (question: string, documents: readonly string[], options?: SearchOptions) =>
      (await searchAll([question], documents, options).next()).value as ExampleAnswers,
    dispose: () => model.release(),
  })
}
