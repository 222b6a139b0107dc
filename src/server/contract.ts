/**
 * The service's JSON, in one place: what is checked at the door, what OpenAPI shows, and the types that pages and
 * programs share. Every position counts UTF-16 units: `context.slice(start, end) === answer`, always.
 *
 * Answers and scores are those of `pipeline.search()` and `spanforge answer`: exact probabilities over every span of
 * all texts of a question. The route of Hugging Face (huggingface.ts) has Python's scores instead.
 */
import { z } from 'zod'
import { answerOption } from '../inference/answer-options.ts'

const options = {
  model: z.string().optional().describe('Id of a model, as GET /api/models lists them; the first one unless given.'),
  top_k: answerOption.top_k.max(100).default(1).describe('How many answers at most.'),
  max_answer_len: answerOption.max_answer_length
    .max(512)
    .optional()
    .describe('Longest answer in tokens: 30 unless given.'),
  handle_impossible_answer: answerOption.handle_impossible_answer
    .optional()
    .describe('May "" be the answer? As the model was trained unless given; no for a model that does not say.'),
  null_score_diff_threshold: answerOption.null_score_diff_threshold
    .optional()
    .describe('"" is the best answer when no_answer.odds lie above it: that of the model unless given, else 0.'),
  max_seq_len: answerOption.max_seq_len.optional().describe('Tokens of a window: 384, or what the model takes.'),
  doc_stride: answerOption.doc_stride
    .optional()
    .describe('Tokens that neighbouring windows share: 128, or half a window.'),
  max_question_len: answerOption.max_question_len
    .optional()
    .describe('Tokens of a question at most; the rest is left out.'),
  align_to_words: answerOption.align_to_words
    .default(true)
    .describe('Answers start and end with words; false for languages without spaces.'),
}

const text = z.string().min(1)
const texts = {
  context: text.optional().describe('The text to look in; or give contexts.'),
  contexts: z.array(text).min(1).max(1000).optional().describe('Several texts, searched together.'),
}
type Texts = { context?: string; contexts?: string[] }
const hasOneOf = ({ context, contexts }: Texts): boolean => (context === undefined) !== (contexts === undefined)
const oneOf = { error: 'expected either context or contexts', path: ['context'] }

/** What the documentation offers to try. */
export const EXAMPLE = { question: 'Who wrote it?', context: 'Ada wrote the first program.' }

export const AnswerRequest = z
  .strictObject({ question: text, ...texts, ...options })
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
      .describe('Questions about one context, or one set of contexts.'),
    ...texts,
    inputs: z.array(asked).min(1).max(1000).optional().describe('Questions, each with its own context or contexts.'),
    ...options,
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
      .describe(
        'Probability of these very characters among all that could be the answer. Falls with the length of the text.',
      ),
    confidence: z
      .number()
      .nullable()
      .describe(
        'Probability that the answer is right, word for word (exact match); for "", that there is no answer. ' +
          'Fitted on validation questions, in short and long texts. null where no confidence is stored with the model, ' +
          'and for another wording of a better answer at the same place.',
      ),
    logit: z.number().describe('Start logit + end logit; for "" null score - threshold.'),
    start: z.int().describe('UTF-16 index of the first character in its context; 0 for "".'),
    end: z.int().describe('UTF-16 index after the last character; 0 for "".'),
    context: z.int().describe('Which of the contexts it stands in, counted from 0.'),
  })
  .meta({ id: 'Answer' })

export const NoAnswer = z
  .object({
    score: z.number().describe('Probability that no context answers, among all spans and no answer.'),
    confidence: z
      .number()
      .nullable()
      .describe(
        'Probability that there is no answer, fitted on validation questions with and without an answer. ' +
          'null where none is stored with the model.',
      ),
    null_score: z.number().describe('Smallest [CLS] start logit + end logit of all windows.'),
    odds: z
      .number()
      .describe('null_score - logit of the best answer with text: the larger, the surer that there is none.'),
    threshold: z.number().describe('The null_score_diff_threshold that was used.'),
  })
  .meta({ id: 'NoAnswer' })

export const AnswerResult = z
  .object({
    answers: z.array(PredictedAnswer).describe('Best first, never empty.'),
    no_answer: NoAnswer,
    windows: z.int().describe('Windows that were read.'),
    tokens: z.int().describe('Tokens that were read, those of the question in every window.'),
  })
  .meta({ id: 'AnswerResult' })

const answeredBy = { model: z.string().describe('Id of the model that answered.'), milliseconds: z.number() }

export const AnswerResponse = AnswerResult.extend(answeredBy).meta({ id: 'AnswerResponse' })
export const BatchResponse = z
  .object({ ...answeredBy, results: z.array(AnswerResult).describe('One a question, in their order.') })
  .meta({ id: 'BatchResponse' })

export const ModelInfo = z
  .object({
    id: z.string(),
    name: z.string().describe('Name on the hub, or of the folder.'),
    source: z
      .string()
      .optional()
      .describe(
        'What the server was given, folder or name on the hub; told only where it serves its own machine alone.',
      ),
    default: z.boolean().describe('Whether it answers where a request names no model.'),
    parameters: z.int(),
    layers: z.int(),
    hidden_size: z.int(),
    max_seq_length: z.int().describe('Longest window in tokens.'),
    device: z.string(),
    loaded: z.string().describe('When, as ISO 8601.'),
    answer_settings: z
      .object({
        version_2_with_negative: z.boolean(),
        null_score_diff_threshold: z.number(),
        confidence: z
          .looseObject({ questions: z.int() })
          .optional()
          .describe('What confidences are computed with; missing where there were too few questions to fit it.'),
        max_answer_length: z.int(),
        max_seq_length: z.int(),
        doc_stride: z.int(),
      })
      .optional()
      .describe('Where they are stored with the model: what is used unless a request says otherwise.'),
  })
  .meta({ id: 'ModelInfo' })
export const ModelList = z
  .object({
    models: z.array(ModelInfo),
    limits: z.object({
      question: z.int().describe('Characters of a question.'),
      context: z.int().describe('Characters of all texts of a request.'),
      questions: z.int().describe('Questions of a request.'),
      windows: z.int().describe('Windows of a request, over all its questions and texts.'),
    }),
  })
  .meta({ id: 'ModelList' })

/** RFC 9457, as application/problem+json. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What was found and what was expected.'),
    remedy: z.string().optional().describe('What to do about it.'),
    request_id: z.string().optional().describe('Stands in the log of the server too.'),
  })
  .meta({ id: 'Problem' })

/** What a request for /api/answer may hold; what may be left out is optional. */
export type AnswerRequest = z.input<typeof AnswerRequest>
/** What a request for /api/batch and /api/stream may hold. */
export type BatchRequest = z.input<typeof BatchRequest>
export type PredictedAnswer = z.output<typeof PredictedAnswer>
export type NoAnswer = z.output<typeof NoAnswer>
export type AnswerResult = z.output<typeof AnswerResult>
export type AnswerResponse = z.output<typeof AnswerResponse>
export type BatchResponse = z.output<typeof BatchResponse>
export type ModelInfo = z.output<typeof ModelInfo>
export type ModelList = z.output<typeof ModelList>
export type Problem = z.output<typeof Problem>

/** The server-sent events of /api/stream, by name: `event: progress`, with `data:` one line of JSON. */
export interface StreamEvents {
  /** First: what will be read. `windows` by question. */
  start: { readonly model: string; readonly windows: readonly number[] }
  /** Windows read so far of one question, and what would be its answers if there were no more. */
  progress: { readonly question: number; readonly done: number; readonly total: number; readonly result: AnswerResult }
  /** The final result of one question: what /api/answer gives. */
  answer: { readonly question: number; readonly result: AnswerResult }
  /** Last. */
  end: { readonly model: string; readonly milliseconds: number }
  /** Last, where something went wrong after the start. */
  error: Problem
}
