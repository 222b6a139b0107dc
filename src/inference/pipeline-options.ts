import { UsageError } from '../errors.ts'
import type { Geometry } from '../models/architecture.ts'
import type { WindowOptions } from '../squad/windows.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { ForwardOptions } from './logits.ts'
import { windowLengths } from './window-lengths.ts'

/** How to split contexts into windows, and how many windows to compute at once. */
export interface WindowingOptions {
  /**
   * Window length in tokens, including special tokens (default: 384, or less if the tokenizer or the model requires
   * it).
   */
  readonly max_seq_len?: number
  /** Overlap of consecutive windows in context tokens (default: 128, or half a window if that is less). */
  readonly doc_stride?: number
  /**
   * Maximum number of question tokens; longer questions are truncated. By default, a question may fill the window. This
   * is also true for all fast tokenizers in Python, where the documented default of 64 has no effect.
   */
  readonly max_question_len?: number
  /**
   * Number of full-length windows computed at once (default: 4); more if they are shorter. It limits memory usage and
   * does not affect answers.
   */
  readonly batch_size?: number
  /** Padding of windows (default: do_not_pad). Padding costs time and changes results only by rounding. */
  readonly padding?: 'do_not_pad' | 'longest' | 'max_length'
  /** Called with the number of windows read, and with the total if it is known in advance. */
  readonly onProgress?: (windows: number, total?: number) => void
}

/** How to split texts into windows and run the windows through the model. */
export interface WindowingPlan {
  readonly windows: WindowOptions
  readonly forward: ForwardOptions
}

/** How errors name the window length (default: max_seq_len). */
export type WindowNames = Pick<WindowOptions, 'length_name'>

/** The options of a plan: those of the user, how the texts of questions are read, and how errors name the length. */
export type WindowPlanOptions = WindowingOptions & WindowNames & Pick<WindowOptions, 'keep_leading_spaces'>

/** Applies the defaults of the Python pipeline. @throws UsageError if an option is out of range */
export function windowingPlan(
  tokenizer: Tokenizer,
  { max_positions }: Pick<Geometry, 'max_positions'>,
  options: WindowPlanOptions,
): WindowingPlan {
  const { model_max_length } = tokenizer
  const given = { max_seq_length: options.max_seq_len, doc_stride: options.doc_stride }
  const lengths = windowLengths(given, { max_positions, model_max_length })
  const { max_seq_length: max_seq_len, doc_stride } = lengths
  const { max_question_len, batch_size = 4, padding = 'do_not_pad', onProgress } = options
  const { keep_leading_spaces, length_name = 'max_seq_len' } = options
  for (const [name, value] of Object.entries({ [length_name]: max_seq_len, max_question_len, batch_size }))
    if (value !== undefined) atLeastOne(name, value)
  if (max_seq_len > max_positions)
    throw new UsageError(
      `${length_name} is ${max_seq_len}, but the model supports at most ${max_positions} tokens`,
      `Choose a ${length_name} of at most ${max_positions}.`,
    )
  if (doc_stride > max_seq_len)
    throw new UsageError(
      `doc_stride is ${doc_stride}, more than ${length_name} ${max_seq_len}`,
      `doc_stride is the overlap of two windows. Choose a value below ${max_seq_len}, such as ${Math.floor(max_seq_len / 4)}.`,
    )
  return {
    windows: {
      max_seq_length: max_seq_len,
      doc_stride,
      max_question_length: max_question_len,
      keep_leading_spaces,
      max_positions,
      length_name,
    },
    forward: {
      padding: padding === 'do_not_pad' ? 'none' : padding,
      max_seq_length: max_seq_len,
      batch_size,
      max_tokens_per_pass: batch_size * max_seq_len,
      onProgress,
    },
  }
}

/** @throws UsageError if the value is not an integer of at least 1 */
export function atLeastOne(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError(`${name} is ${value}, expected an integer of at least 1`)
}
