/** Options for answering questions: their types, aliases and defaults. */
import { z } from 'zod'
import type { AnswerSettings } from '../checkpoint/answer-settings.ts'
import type { ConfidenceModel } from '../squad/answers/confidence.ts'
import type { EvaluateOptions } from './evaluate.ts'
import type { PipelineOptions, SearchOptions } from './pipeline.ts'
import { withStoredSettings } from './stored-settings.ts'

export const callback = <F extends (...args: never[]) => unknown>() =>
  z.custom<F>((value) => typeof value === 'function', 'a function')

/** Schemas of all options. The library, the HTTP API and its Hugging Face route select the options they support. */
export const answerOption = {
  top_k: z.int().min(1),
  max_answer_length: z.int().min(1),
  handle_impossible_answer: z.boolean(),
  null_score_diff_threshold: z.number(),
  align_to_words: z.boolean(),
  max_seq_len: z.int().min(1),
  doc_stride: z.int().min(0),
  max_question_len: z.int().min(1),
  batch_size: z.int().min(1),
  padding: z.enum(['do_not_pad', 'longest', 'max_length']),
  temperature: z.number().positive(),
  confidence: z.custom<ConfidenceModel>((value) => typeof value === 'object' && value !== null, 'a stored confidence'),
  evidence: z.boolean(),
  onProgress: callback<NonNullable<SearchOptions['onProgress']>>(),
} satisfies { readonly [K in keyof Required<SearchOptions>]: z.ZodType<Required<SearchOptions>[K]> }

type Name = keyof SearchOptions

/** Names of options in transformers, its scripts and older versions, in order of precedence. */
const ALIASES = {
  top_k: ['top_k', 'topk'],
  max_answer_length: ['max_answer_len', 'max_answer_length'],
  handle_impossible_answer: ['handle_impossible_answer', 'version_2_with_negative'],
  max_seq_len: ['max_seq_len', 'max_seq_length'],
  max_question_len: ['max_question_len', 'max_question_length'],
} as const satisfies { readonly [K in Name]?: readonly string[] }

type Aliases = typeof ALIASES

/** Answer options under any of their names. */
export type GivenAnswerOptions = SearchOptions & {
  readonly [K in keyof Aliases as Aliases[K][number]]?: SearchOptions[K]
}

/** Renames the given options to the names used by `searchDocuments`. */
function namedOptions(given: GivenAnswerOptions): SearchOptions {
  const values: Readonly<Record<string, unknown>> = { ...given }
  const names: Partial<Record<Name, readonly string[]>> = ALIASES
  return Object.fromEntries(
    (Object.keys(answerOption) as Name[]).flatMap((option) => {
      const name = (names[option] ?? [option]).find((one) => values[one] !== undefined)
      return name === undefined ? [] : [[option, values[name]]]
    }),
  )
}

/** Resolves the options of a search, with the settings stored with the model as defaults. */
export const resolveAnswerOptions = (given: GivenAnswerOptions, stored: AnswerSettings | undefined): SearchOptions =>
  withStoredSettings(namedOptions(given), stored)

/**
 * Resolves the options of the Python pipeline. They keep the defaults of Python, except for the threshold stored with
 * the model.
 */
export function resolvePipelineOptions(
  given: GivenAnswerOptions,
  stored: AnswerSettings | undefined,
): PipelineOptions & Pick<SearchOptions, 'max_question_len'> {
  const { max_answer_length, ...known } = namedOptions(given)
  return {
    ...(stored && { null_score_diff_threshold: stored.null_score_diff_threshold }),
    ...known,
    ...(max_answer_length !== undefined && { max_answer_len: max_answer_length }),
  }
}

type GivenEvaluateOptions = Pick<
  EvaluateOptions,
  'version_2_with_negative' | 'null_score_diff_threshold' | 'max_answer_length' | 'confidence'
>

/** Resolves the options of an evaluation whose questions have already been split into windows. */
export function resolveEvaluateOptions<T extends GivenEvaluateOptions>(given: T, stored: AnswerSettings | undefined) {
  const { version_2_with_negative, null_score_diff_threshold, max_answer_length, confidence } = given
  const asked = { version_2_with_negative, null_score_diff_threshold, max_answer_length, confidence }
  const resolved = resolveAnswerOptions(asked, stored)
  return {
    ...given,
    version_2_with_negative: resolved.handle_impossible_answer ?? false,
    null_score_diff_threshold: resolved.null_score_diff_threshold ?? 0,
    max_answer_length: resolved.max_answer_length ?? 30,
    confidence: resolved.confidence,
  }
}
