import { type Command, Option } from 'commander'
import type { PipelineOptions, SearchOptions } from '../inference/pipeline.ts'
import { anyNumber, wholeNumber } from './flags.ts'

/** The options of the Python pipeline, as flags of the same names. */
export interface PipelineFlags {
  readonly top_k: number
  readonly max_answer_len?: number
  readonly max_answer_length?: number
  readonly max_seq_len?: number
  readonly max_seq_length?: number
  readonly doc_stride?: number
  readonly max_question_len?: number
  readonly handle_impossible_answer?: boolean
  readonly null_score_diff_threshold?: number
  readonly align_to_words: boolean
  readonly batch_size: number
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

/** The flags as options of a search; undefined where a flag was not given. */
export const searchOptions = (flags: PipelineFlags): SearchOptions => ({
  top_k: flags.top_k,
  max_answer_length: flags.max_answer_len ?? flags.max_answer_length,
  handle_impossible_answer: flags.handle_impossible_answer,
  null_score_diff_threshold: flags.null_score_diff_threshold,
  align_to_words: flags.align_to_words,
  max_seq_len: flags.max_seq_len ?? flags.max_seq_length,
  doc_stride: flags.doc_stride,
  max_question_len: flags.max_question_len,
  batch_size: flags.batch_size,
})

/** The flags as options of the Python pipeline, whose defaults hold where a flag was not given. */
export const pipelineOptions = (flags: PipelineFlags): PipelineOptions => ({
  ...searchOptions(flags),
  max_answer_len: flags.max_answer_len ?? flags.max_answer_length,
})
