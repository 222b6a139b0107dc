import { type Command, Option } from 'commander'
import type { GivenAnswerOptions } from '../inference/answer-options.ts'
import { anyNumber, wholeNumber } from './flags.ts'

/** The options of answers, as flags of the names that they have in the Python pipeline. */
export interface PipelineFlags extends GivenAnswerOptions {
  readonly top_k: number
}

export const withPipelineFlags = (command: Command): Command =>
  command
    .option('--top_k <integer>', 'how many answers', wholeNumber(1), 1)
    .option('--max_answer_len <integer>', 'longest answer in tokens (30, or what is stored)', wholeNumber(1))
    .option('--handle_impossible_answer', 'the answer may be that there is none: ""')
    .option('--no-handle_impossible_answer', 'the answer is never "", whatever is stored with the model')
    .option(
      '--null_score_diff_threshold <number>',
      'answer "" where it is better by more than this (0, or what is stored)',
      anyNumber,
    )
    .option('--no-align_to_words', 'answers may start and end within words: for languages without spaces')
    .option('--max_seq_len <integer>', 'longest window in tokens (384, or what is stored)', wholeNumber(1))
    .option('--doc_stride <integer>', 'context tokens that neighbouring windows share (128)', wholeNumber(0))
    .option('--max_question_len <integer>', 'what a question has beyond so many tokens is left out', wholeNumber(1))
    .option('--batch_size <integer>', 'full windows computed at once: bounds memory', wholeNumber(1), 4)
    .addOption(new Option('--max_seq_length <integer>', 'as --max_seq_len').argParser(wholeNumber(1)).hideHelp())
    .addOption(new Option('--max_answer_length <integer>', 'as --max_answer_len').argParser(wholeNumber(1)).hideHelp())
