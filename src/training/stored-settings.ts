import type { AnswerSettings } from '../checkpoint/answer-settings.ts'
import type { Example } from '../squad/types.ts'
import type { TrainingArguments } from './arguments.ts'

/** Arguments of which it is decided whether "" may be an answer. */
export interface DecidedArguments extends TrainingArguments {
  readonly version_2_with_negative: boolean
}

/** The arguments with `version_2_with_negative` as given, else as stored with the base model, else false. */
export const decideVersion2 = (args: TrainingArguments, base: AnswerSettings | undefined): DecidedArguments => ({
  ...args,
  version_2_with_negative: args.version_2_with_negative ?? base?.version_2_with_negative ?? false,
})

/**
 * The settings to store with a model that was trained but not evaluated. Threshold and temperature belong to the
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
