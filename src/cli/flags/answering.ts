import { type Command, Option } from 'commander'
import type { GivenAnswerOptions } from '../../inference/answer-options.ts'
import type { WindowNames } from '../../inference/pipeline-options.ts'
import { PASSAGES_READ } from '../../search/schema.ts'
import { anyNumber, integerFrom } from './parsers.ts'

/** Answer options as flags, named as in run_qa.py, or as in the Python pipeline if run_qa.py has none. */
export interface PipelineFlags extends GivenAnswerOptions {
  readonly top_k: number
}

export const withPipelineFlags = (command: Command): Command =>
  withWindowFlags(
    command
      .option('--top_k <integer>', 'number of answers', integerFrom(1), 1)
      .addOption(maxAnswerLengthOption())
      .option('--handle_impossible_answer', 'allow "" (no answer) as the answer (default: stored with the model)')
      .option('--no-handle_impossible_answer', 'never answer ""')
      .addOption(thresholdOption())
      .option('--no-align_to_words', 'allow answers that start or end within words, for languages without spaces'),
  )
    .option(
      '--max_question_length <integer>',
      'maximum question length in tokens; longer questions are truncated',
      integerFrom(1),
    )
    .option('--batch_size <integer>', 'number of full windows per batch; limits memory', integerFrom(1), 4)

export interface WindowFlags {
  readonly max_seq_length?: number
  readonly doc_stride?: number
}

/** Adds the window flags, which are the same in every command. */
export const withWindowFlags = (command: Command): Command =>
  command
    .option(
      '--max_seq_length <integer>',
      'window length in tokens (default: stored with the model, or at most 384)',
      integerFrom(1),
    )
    .option(
      '--doc_stride <integer>',
      'overlap of neighboring windows in tokens (default: stored with the model, or at most 128)',
      integerFrom(0),
    )

/** Makes errors name the window length as the flag does. */
export const FLAG_NAMES = { length_name: 'max_seq_length' } as const satisfies WindowNames

/** `--max_answer_length`, for commands that answer questions. */
export const maxAnswerLengthOption = (): Option =>
  new Option(
    '--max_answer_length <integer>',
    'maximum answer length in tokens (default: stored with the model, or 30)',
  ).argParser(integerFrom(1))

/** `--null_score_diff_threshold`, for commands that answer questions. */
export const thresholdOption = (): Option =>
  new Option(
    '--null_score_diff_threshold <number>',
    'answer "" if the score of no answer exceeds that of the best answer by more than this (default: stored with the model, or 0)',
  ).argParser(anyNumber)

/** `--passages`, for commands that answer questions from an index. */
export const passagesOption = (): Option =>
  new Option('--passages <integer>', 'with --index, number of passages that the model reads')
    .argParser(integerFrom(1))
    .default(PASSAGES_READ)
