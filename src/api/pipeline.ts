import { z } from 'zod'
import { type AnswerSettings, loadAnswerSettings } from '../checkpoint/answer-settings.ts'
import { exportDtype, isOnlyExported } from '../checkpoint/onnx-folder.ts'
import { requireStarter } from '../checkpoint/starter-model.ts'
import { UsageError } from '../errors.ts'
import { resolveModel } from '../hub/download/models.ts'
import { resolveAnswerOptions, resolvePipelineOptions } from '../inference/answer-options.ts'
import { ExportedModel } from '../inference/exported-model.ts'
import {
  answerQuestions,
  type PipelineOptions,
  type QuestionInput,
  type SearchOptions,
  searchDocuments,
} from '../inference/pipeline.ts'
import { fitVocabulary } from '../inference/pretrained.ts'
import type { SpanModel } from '../models/span-model.ts'
import { openNamed } from '../runtime/registry.ts'
import type { PassageIndex } from '../search/passage-index.ts'
import { answerFromIndex, type IndexAnswerOptions, type IndexAnswers } from '../search/passage-reader.ts'
import type { ExampleAnswers } from '../squad/answers/answers.ts'
import type { PipelineAnswer } from '../squad/python/pipeline-answers.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { anObject, checkOptions, type SchemasOf } from './check-options.ts'
import { FROM_PRETRAINED, type FromPretrainedOptions } from './from-pretrained-options.ts'
import { AutoModelForQuestionAnswering, storedSettings } from './model.ts'
import { INDEX_OPTIONS, type ManyQuestions, PIPELINE_OPTIONS, SEARCH_OPTIONS, toInputs } from './pipeline-input.ts'
import { AutoTokenizer } from './tokenizer.ts'

/** Options without `top_k`, for which only the best answer is returned. */
export type OneAnswer = Omit<PipelineOptions, 'top_k' | 'topk'>
export type TopAnswers = PipelineOptions & ({ readonly top_k: number } | { readonly topk: number })

/**
 * A question-answering pipeline, created by `pipeline('question-answering', ...)`. Call it with one or many questions
 * and contexts. Answers and scores equal those of the pipeline in transformers 4.57, with two differences in shape: the
 * result is a list exactly if `top_k` or a list of questions is given, and `start` and `end` count UTF-16 units, so
 * that `context.slice(start, end) === answer`. As in Python, scores are computed within a window and added for equal
 * answers, so in a long text they may exceed 1. `search` returns probabilities instead. It also uses the threshold
 * stored with the model (answer_settings.json) and returns a confidence if one was fitted.
 */
export interface QuestionAnsweringPipeline {
  (question: string, context: string, options: TopAnswers): Promise<PipelineAnswer[]>
  (question: string, context: string, options?: OneAnswer): Promise<PipelineAnswer>
  (input: QuestionInput, options: TopAnswers): Promise<PipelineAnswer[]>
  (input: QuestionInput, options?: OneAnswer): Promise<PipelineAnswer>
  (inputs: ManyQuestions, options: TopAnswers): Promise<PipelineAnswer[][]>
  (inputs: ManyQuestions, options?: OneAnswer): Promise<PipelineAnswer[]>

  /** Streams the answers to any number of questions with bounded memory. */
  stream(
    inputs: Iterable<QuestionInput> | AsyncIterable<QuestionInput>,
    options?: PipelineOptions,
  ): AsyncGenerator<PipelineAnswer[]>
  /** Finds the best answers across several documents, with exact probabilities that are comparable. */
  search(question: string, documents: readonly string[], options?: SearchOptions): Promise<ExampleAnswers>
  /** Searches documents for the answers to many questions. Each document is tokenized once. */
  searchAll(
    questions: Iterable<string> | AsyncIterable<string>,
    documents: readonly string[],
    options?: SearchOptions,
  ): AsyncGenerator<ExampleAnswers>

  /** Answers a question from the passages that an index of documents finds for it, with their source. */
  searchIndex(question: string, index: PassageIndex, options?: IndexAnswerOptions): Promise<IndexAnswers>
  /** Answers many questions from an index. */
  searchIndexAll(
    questions: Iterable<string> | AsyncIterable<string>,
    index: PassageIndex,
    options?: IndexAnswerOptions,
  ): AsyncGenerator<IndexAnswers>

  readonly model: SpanModel
  readonly tokenizer: Tokenizer
  /** Releases the engine's memory. The pipeline can still be used; the next call prepares the engine again. */
  dispose(): Promise<void>
}

/** Options for loading the model and the tokenizer by name. */
export interface PipelineSource extends FromPretrainedOptions {
  /** Folder or name of the tokenizer, or the tokenizer itself (default: that of the model). */
  readonly tokenizer?: string | Tokenizer
  /**
   * Variant of an exported model: fp32, fp16, q8, int8, uint8, q4 or q4f16. A folder without weights opens an exported model
   * without it.
   */
  readonly dtype?: string
}

const PIPELINE_SOURCE = z
  .strictObject({
    tokenizer: z.union([z.string(), anObject<Tokenizer>('')], 'a tokenizer or its name'),
    dtype: z.string(),
    ...FROM_PRETRAINED.shape,
  } satisfies SchemasOf<PipelineSource>)
  .partial()

/**
 * Creates a pipeline from a model folder or name, or from a model and its tokenizer. Without a model, it uses the starter
 * model, which answers questions about English texts.
 * @throws UsageError for another task, an unknown or invalid option, a model without a tokenizer, or if there is neither a
 * model nor a starter model
 * @throws SpanforgeError if model and tokenizer do not match
 */
export async function pipeline(
  task: 'question-answering',
  model?: string | SpanModel,
  options: PipelineSource = {},
): Promise<QuestionAnsweringPipeline> {
  if (task !== 'question-answering') throw new UsageError(`pipeline: found task "${task}", expected question-answering`)
  checkOptions('pipeline', PIPELINE_SOURCE, options)
  const used = model ?? requireStarter('pipeline: no model given')
  const { tokenizer = typeof used === 'string' ? used : undefined, dtype, ...loading } = options
  if (tokenizer === undefined)
    throw new UsageError('pipeline: a model object requires a tokenizer', 'Pass it as an option: { tokenizer }.')
  const asLoaded = typeof tokenizer === 'string' ? await AutoTokenizer.from_pretrained(tokenizer, loading) : tokenizer
  const opened =
    typeof used === 'string' ? await open(used, loading, dtype) : { model: used, settings: storedSettings(used) }
  const fitting = fitVocabulary(typeof used === 'string' ? used : 'pipeline', asLoaded, opened.model.geometry)
  return makePipeline(opened, fitting)
}

interface ModelWithSettings {
  readonly model: SpanModel
  readonly settings?: AnswerSettings
}

/** Opens an exported model if a dtype is given or the folder has no other weights. */
async function open(name: string, loading: FromPretrainedOptions, asked?: string): Promise<ModelWithSettings> {
  const dtype = asked === undefined ? undefined : exportDtype(asked)
  const folder = await resolveModel(name, { ...loading, dtype })
  if (dtype || (await isOnlyExported(folder))) {
    const { engine, device } = loading
    const opened = typeof engine === 'object' ? engine : (await openNamed(engine, device)).engine
    const model = await ExportedModel.open(folder, { dtype, engine: opened })
    return { model, settings: await loadAnswerSettings(folder) }
  }
  const model = await AutoModelForQuestionAnswering.from_pretrained(name, loading)
  return { model, settings: storedSettings(model) }
}

function makePipeline({ model, settings }: ModelWithSettings, tokenizer: Tokenizer): QuestionAnsweringPipeline {
  const stream: QuestionAnsweringPipeline['stream'] = (inputs, options = {}) => {
    checkOptions('pipeline', PIPELINE_OPTIONS, options)
    return answerQuestions(model, tokenizer, inputs, resolvePipelineOptions(options, settings))
  }
  const searchAll: QuestionAnsweringPipeline['searchAll'] = (questions, documents, options = {}) => {
    checkOptions('search', SEARCH_OPTIONS, options)
    return searchDocuments(model, tokenizer, questions, documents, resolveAnswerOptions(options, settings))
  }

  const searchIndexAll: QuestionAnsweringPipeline['searchIndexAll'] = (questions, index, options = {}) => {
    checkOptions('searchIndex', INDEX_OPTIONS, options)
    const { passages, documents, ...given } = options
    const resolved = { ...resolveAnswerOptions(given, settings), passages, documents }
    return answerFromIndex(model, tokenizer, index, questions, resolved)
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
    searchIndexAll,
    searchIndex: async (question: string, index: PassageIndex, options?: IndexAnswerOptions) =>
      (await searchIndexAll([question], index, options).next()).value as IndexAnswers,
    dispose: () => model.release(),
  })
}
