import type { AnswerSettings } from '../../checkpoint/answer-settings.ts'
import { type LengthFacts, windowLengths } from '../../inference/window-lengths.ts'
import type { Engine } from '../../runtime/engine.ts'
import type { Example } from '../../squad/types.ts'
import type { TrainingArguments } from './arguments.ts'

/** Arguments after all defaults that depend on the model or the device have been determined. */
export interface DecidedArguments extends TrainingArguments {
  readonly version_2_with_negative: boolean
  readonly max_seq_length: number
  readonly doc_stride: number
  readonly fp16: boolean
}

/** Arguments whose defaults depend on the model. */
export const DECIDED_BY_MODEL: readonly string[] = ['version_2_with_negative', 'max_seq_length', 'doc_stride']

/** The properties of a model that determine default arguments. */
export type BaseModel = LengthFacts & {
  readonly settings?: AnswerSettings
  /** The engine that the model is trained on. */
  readonly engine?: Pick<Engine, 'precisions'>
}

/**
 * Determines whether "" may be an answer and the window lengths: the given values, or else those suggested by the
 * model. Determines whether to use float16 if that depends on the device.
 */
export function decideArguments(args: TrainingArguments, base: BaseModel): DecidedArguments {
  const { max_seq_length, doc_stride } = windowLengths(args, base)
  const version_2_with_negative = args.version_2_with_negative ?? base.settings?.version_2_with_negative ?? false
  const fp16 = args.fp16 ?? (!args.bf16 && !args.bf16_full_eval && base.engine?.precisions.includes('float16') === true)
  return { ...args, version_2_with_negative, max_seq_length, doc_stride, fp16 }
}

/**
 * Returns the answer settings for a model that was trained but not evaluated. Thresholds and confidences are specific
 * to the weights they were fitted on, so those of the base model are dropped and the given threshold (default: 0) is
 * used. Returns undefined if the base model has no settings and "" is never an answer.
 */
export function unfittedSettings(args: DecidedArguments, base: AnswerSettings | undefined): AnswerSettings | undefined {
  const { version_2_with_negative, null_score_diff_threshold, max_answer_length, max_seq_length, doc_stride } = args
  if (!version_2_with_negative && !base) return undefined
  return { version_2_with_negative, null_score_diff_threshold, max_answer_length, max_seq_length, doc_stride }
}

/** Returns a warning if the training data contains unanswerable questions but the model may never answer "". */
export function unansweredWarning(
  examples: readonly Example[],
  { version_2_with_negative }: DecidedArguments,
): string | undefined {
  if (version_2_with_negative) return undefined
  const unanswered = examples.filter(({ answers }) => answers.length === 0).length
  if (unanswered === 0) return undefined
  return (
    `Warning: ${unanswered} of the ${examples.length} training questions have no answer. Like run_qa.py, spanforge ` +
    'trains the model to point at [CLS] for them, but the model will never give "" as an answer. ' +
    'If it should, train with --version_2_with_negative.'
  )
}
