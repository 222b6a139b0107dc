/**
 * The JSON contract of the service. These schemas validate requests, generate the OpenAPI document and define the types
 * used by pages and client programs. All positions are UTF-16 offsets: `context.slice(start, end) === answer`.
 *
 * Answers and scores match `pipeline.search()` and `spanforge answer`: exact probabilities over every span of all texts
 * of a question. The Hugging Face routes (huggingface.ts) return the scores of the Python pipeline instead.
 */
import { z } from 'zod'
import { answerOption } from '../../inference/answer-options.ts'

export const answerOptions = {
  model: z.string().optional().describe('Model id, as listed by GET /api/models (default: the first model).'),
  top_k: answerOption.top_k.max(100).default(1).describe('Maximum number of answers.'),
  max_answer_len: answerOption.max_answer_length
    .max(512)
    .optional()
    .describe('Maximum answer length in tokens (default: stored with the model, or 30).'),
  handle_impossible_answer: answerOption.handle_impossible_answer
    .optional()
    .describe('Whether the answer may be "" (default: as the model was trained, or false if unknown).'),
  null_score_diff_threshold: answerOption.null_score_diff_threshold
    .optional()
    .describe('"" is the best answer if no_answer.odds exceeds this value (default: stored with the model, or 0).'),
  max_seq_len: answerOption.max_seq_len
    .optional()
    .describe('Window length in tokens (default: stored with the model, or 384, limited by what the model supports).'),
  doc_stride: answerOption.doc_stride
    .optional()
    .describe(
      'Overlap between neighboring windows in tokens (default: stored with the model, or 128, at most half a window).',
    ),
  max_question_len: answerOption.max_question_len
    .optional()
    .describe('Maximum question length in tokens; longer questions are truncated.'),
  align_to_words: answerOption.align_to_words
    .default(true)
    .describe('Extend answers to whole words; set to false for languages without spaces.'),
}

const text = z.string().min(1)
const texts = {
  context: text.optional().describe('The text to search. Mutually exclusive with contexts.'),
  contexts: z.array(text).min(1).max(1000).optional().describe('Several texts, searched together.'),
}
type GivenTexts = { context?: string; contexts?: string[] }
const hasOneOf = ({ context, contexts }: GivenTexts): boolean => (context === undefined) !== (contexts === undefined)
const oneOf = { error: 'expected either context or contexts', path: ['context'] }

/** Example request for the API documentation. */
export const EXAMPLE = { question: 'Who wrote it?', context: 'Ada wrote the first program.' }

export const AnswerRequest = z
  .strictObject({ question: text, ...texts, ...answerOptions })
  .refine(hasOneOf, oneOf)
  .meta({ id: 'AnswerRequest', examples: [EXAMPLE] })

const asked = z.strictObject({ question: text, ...texts }).refine(hasOneOf, oneOf)

export const BatchRequest = z
  .strictObject({
    questions: z
      .array(text)
      .min(1)
      .max(1000)
      .optional()
      .describe('Questions about one context or one set of contexts.'),
    ...texts,
    inputs: z.array(asked).min(1).max(1000).optional().describe('Questions, each with its own context or contexts.'),
    ...answerOptions,
  })
  .refine(
    (body) => (body.inputs ? !body.questions && !body.context && !body.contexts : body.questions && hasOneOf(body)),
    {
      error: 'expected either questions with context (or contexts), or inputs',
      path: ['questions'],
    },
  )
  .meta({ id: 'BatchRequest', examples: [{ questions: [EXAMPLE.question], context: EXAMPLE.context }] })

export const PredictedAnswer = z
  .object({
    answer: z.string(),
    score: z
      .number()
      .describe('Probability of exactly this span among all possible answers. Decreases with the length of the text.'),
    confidence: z
      .number()
      .nullable()
      .describe(
        'Probability that the answer is correct (exact match); for "", that there is no answer. Fitted on validation ' +
          'questions with short and long texts. null if no confidence is stored with the model, or if the answer ' +
          'is a variant of a better one at the same place.',
      ),
    logit: z.number().describe('Start logit + end logit; for "", null score - threshold.'),
    start: z.int().describe('UTF-16 index of the first character in its context; 0 for "".'),
    end: z.int().describe('UTF-16 index after the last character; 0 for "".'),
    context: z.int().describe('Index of the context that contains the answer, starting at 0.'),
  })
  .meta({ id: 'Answer' })

export const NoAnswer = z
  .object({
    score: z.number().describe('Probability that no context contains an answer, relative to all spans.'),
    confidence: z
      .number()
      .nullable()
      .describe(
        'Probability that there is no answer, fitted on validation questions with and without answers. ' +
          'null if none is stored with the model.',
      ),
    null_score: z.number().describe('Minimum of [CLS] start logit + end logit over all windows.'),
    odds: z
      .number()
      .describe('null_score - logit of the best non-empty answer. A larger value means that no answer is more likely.'),
    threshold: z.number().describe('The null_score_diff_threshold in use.'),
  })
  .meta({ id: 'NoAnswer' })

export const AnswerResult = z
  .object({
    answers: z.array(PredictedAnswer).describe('Best first, never empty.'),
    no_answer: NoAnswer,
    windows: z.int().describe('Number of windows read.'),
    tokens: z.int().describe('Number of tokens read, counting the question once per window.'),
  })
  .meta({ id: 'AnswerResult' })

export const answeredBy = {
  model: z.string().describe('Id of the model that answered.'),
  revision: z
    .string()
    .describe('Digest of the weights and the tokenizer that answered, which changes when another model is promoted.'),
  milliseconds: z.number(),
}

export const AnswerResponse = AnswerResult.extend(answeredBy).meta({ id: 'AnswerResponse' })
export const BatchResponse = z
  .object({ ...answeredBy, results: z.array(AnswerResult).describe('One result per question, in request order.') })
  .meta({ id: 'BatchResponse' })

export const ModelInfo = z
  .object({
    id: z.string(),
    name: z.string().describe('Name on the hub or of the folder.'),
    about: z.string().optional().describe('What the model can do, if the server knows.'),
    source: z
      .string()
      .optional()
      .describe('Folder or hub name that the server was started with. Only present on loopback addresses.'),
    default: z.boolean().describe('Whether requests without a model use this one.'),
    parameters: z.int(),
    layers: z.int(),
    hidden_size: z.int(),
    max_seq_length: z.int().describe('Maximum window length in tokens.'),
    device: z.string(),
    exported: z.boolean().optional().describe('Whether it is an ONNX export, which cannot be trained further.'),
    revision: z.string().describe('Digest of the weights and the tokenizer.'),
    loaded: z.string().describe('Time of loading, in ISO 8601 format.'),
    answer_settings: z
      .object({
        version_2_with_negative: z.boolean(),
        null_score_diff_threshold: z.number(),
        confidence: z
          .looseObject({ questions: z.int() })
          .optional()
          .describe('Parameters of the confidence model. Missing if there were too few questions to fit one.'),
        max_answer_length: z.int(),
        max_seq_length: z.int(),
        doc_stride: z.int(),
      })
      .optional()
      .describe('Default answer options, if stored with the model.'),
  })
  .meta({ id: 'ModelInfo' })
export const ModelList = z
  .object({
    models: z.array(ModelInfo),
    limits: z.object({
      question: z.int().describe('Maximum characters per question.'),
      context: z.int().describe('Maximum characters of all texts in a request.'),
      questions: z.int().describe('Maximum questions per request.'),
      windows: z.int().describe('Maximum windows per request, over all questions and texts.'),
    }),
    index: z
      .object({ documents: z.int(), passages: z.int() })
      .optional()
      .describe('Size of the index of documents, if the server has one (POST /api/search).'),
    annotate: z.string().optional().describe('Relative address of the annotation page, if the server has one.'),
    question_log: z
      .object({ confidence_below: z.number() })
      .optional()
      .describe(
        'Present if the server keeps questions whose answer has a lower confidence, with their texts, and corrections ' +
          '(POST /api/corrections).',
      ),
  })
  .meta({ id: 'ModelList' })

/** The place of a passage in the documents of an index. */
export const PassageSource = z.object({
  document: z.string().describe('Name of the document in the index.'),
  page: z.int().optional().describe('Page of a PDF, counted from 1.'),
  headings: z
    .array(z.string())
    .readonly()
    .optional()
    .describe('Headings above it, from the outermost to the innermost.'),
})

export const CorrectionRequest = z
  .strictObject({
    question: z.string().min(1),
    context: z.string().min(1),
    answers: z
      .array(z.strictObject({ text: z.string().min(1), answer_start: z.int().nonnegative() }))
      .max(100)
      .describe('The right answers, with UTF-16 positions. Empty if the text does not answer the question.'),
    source: PassageSource.optional().describe('Where the text comes from, if it is a passage of a document.'),
  })
  .meta({
    id: 'CorrectionRequest',
    examples: [{ ...EXAMPLE, answers: [{ text: 'Ada', answer_start: 0 }] }],
  })

/** An error in the format of RFC 9457 (application/problem+json). */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What is wrong and what was expected.'),
    remedy: z.string().optional().describe('How to fix it.'),
    request_id: z.string().optional().describe("Id of the request; the server's log uses the same one."),
  })
  .meta({ id: 'Problem' })

/** Body of a request to /api/answer. */
export type AnswerRequest = z.input<typeof AnswerRequest>
/** Body of a request to /api/batch or /api/stream. */
export type BatchRequest = z.input<typeof BatchRequest>
export type PassageSource = z.output<typeof PassageSource>
/** Body of a request to /api/corrections. */
export type CorrectionRequest = z.input<typeof CorrectionRequest>
export type PredictedAnswer = z.output<typeof PredictedAnswer>
export type NoAnswer = z.output<typeof NoAnswer>
export type AnswerResult = z.output<typeof AnswerResult>
export type AnswerResponse = z.output<typeof AnswerResponse>
export type BatchResponse = z.output<typeof BatchResponse>
export type ModelInfo = z.output<typeof ModelInfo>
export type ModelList = z.output<typeof ModelList>
export type Problem = z.output<typeof Problem>

/** The server-sent events of /api/stream by name. The `data:` field is a single line of JSON. */
export interface StreamEvents {
  /** The first event, with the number of windows of each question. */
  start: { readonly model: string; readonly revision?: string; readonly windows: readonly number[] }
  /** Number of windows of a question read so far, and its answers based on these. */
  progress: { readonly question: number; readonly done: number; readonly total: number; readonly result: AnswerResult }
  /** The final result of a question, as returned by /api/answer. */
  answer: { readonly question: number; readonly result: AnswerResult }
  /** The last event of a successful stream. */
  end: { readonly model: string; readonly revision?: string; readonly milliseconds: number }
  /** The last event of a stream that failed after `start`. */
  error: Problem
}

/** An event of a stream of answers. */
export type StreamEvent = {
  [Name in keyof StreamEvents]: { readonly name: Name; readonly data: StreamEvents[Name] }
}[keyof StreamEvents]

/** An error response, for OpenAPI. */
export const problemResponse = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: Problem } },
})

/** Error responses shared by all routes that answer questions, for OpenAPI. */
export const failures = {
  400: problemResponse('The body is not valid JSON'),
  401: problemResponse('The token is missing or invalid'),
  404: problemResponse('Unknown model'),
  413: problemResponse('The body or the texts are too large'),
  415: problemResponse('The body is not application/json'),
  422: problemResponse('The request is invalid'),
  429: problemResponse('Rate limit exceeded; retry after the delay in Retry-After'),
  503: problemResponse('The server is overloaded; retry after the delay in Retry-After'),
  504: problemResponse('The request timed out'),
}

export const eventStream = { description: 'Server-sent events', content: { 'text/event-stream': { schema: z.any() } } }
