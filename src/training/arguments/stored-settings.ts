import type { AnswerSettings } from '../../checkpoint/answer-settings.ts'
import { type LengthFacts, windowLengths } from '../../inference/window-lengths.ts'
import type { Example } from '../../squad/types.ts'
import type { TrainingArguments } from './arguments.ts'

/** Arguments in which everything is decided that may follow the model. */
export interface DecidedArguments extends TrainingArguments {
  readonly version_2_with_negative: boolean
  readonly max_seq_length: number
  readonly doc_stride: number
}

/** The arguments that follow the model unless they are given. */
export const DECIDED_BY_MODEL: readonly string[] = ['version_2_with_negative', 'max_seq_length', 'doc_stride']

/** A model as far as arguments may follow it. */
export type BaseModel = LengthFacts & { readonly settings?: AnswerSettings }

/** The arguments with whether "" may be an answer, and the lengths of windows, as given, else as the model suggests. */
export function decideArguments(args: TrainingArguments, base: BaseModel): DecidedArguments {
  const { max_seq_length, doc_stride } = windowLengths(args, base)
  const version_2_with_negative = args.version_2_with_negative ?? base.settings?.version_2_with_negative ?? false
  return { ...args, version_2_with_negative, max_seq_length, doc_stride }
}

/**
 * The settings to store with a model that was trained but not evaluated. Threshold and confidence belong to the
 * weights that they were fitted on, so those of the base model are dropped: the threshold is the one given (0 by
 * default). Undefined where there is nothing to say: the base model has no settings and "" is never an answer.
 */
export function unfittedSettings(args: DecidedArguments, base: AnswerSettings | undefined): AnswerSettings | undefined {
  const { version_2_with_negative, null_score_diff_threshold, max_answer_length, max_seq_length, doc_stride } = args
  if (!version_2_with_negative && !base) return undefined
  return { version_2_with_negative, null_score_diff_threshold, max_answer_length, max_seq_length, doc_stride }
}

/** What to tell the user where questions without an answer are trained but "" will never be an answer. */
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
