import { UsageError } from '../errors.ts'
import type { Geometry } from '../models/architecture.ts'
import type { WindowOptions } from '../squad/windows.ts'
import type { BertTokenizer } from '../text/tokenizer.ts'
import type { ForwardOptions } from './logits.ts'
import { windowLengths } from './window-lengths.ts'

/** How a context is cut into windows and how many of them are computed at once. */
export interface WindowingOptions {
  /** Tokens of a window, special ones included: 384, or what tokenizer and model can take if that is less. */
  readonly max_seq_len?: number
  /** Context tokens that two windows share: 128, or half a window if that is less. */
  readonly doc_stride?: number
  /**
   * Tokens of a question at most; the rest of it is left out. Without it a question may fill the window, as with every
   * fast tokenizer in Python, where the documented default of 64 has no effect.
   */
  readonly max_question_len?: number
  /**
   * Number of full windows computed at once (default: 4); more if they are shorter. It bounds memory, and no answer
   * depends on it.
   */
  readonly batch_size?: number
  /** Padding of windows (default: do_not_pad). Padding costs time and changes results only by rounding. */
  readonly padding?: 'do_not_pad' | 'longest' | 'max_length'
  /** Told how many windows have been read, and of how many where that is known beforehand. */
  readonly onProgress?: (windows: number, total?: number) => void
}

/** How texts are cut into windows, and how these go through the model. */
export interface WindowingPlan {
  readonly windows: WindowOptions
  readonly forward: ForwardOptions
}

/**
 * Fills in the defaults of the Python pipeline.
 * @throws UsageError for an option out of range
 */
export function windowingPlan(
  tokenizer: BertTokenizer,
  { max_positions }: Geometry,
  options: WindowingOptions,
): WindowingPlan {
  const { model_max_length } = tokenizer
  const given = { max_seq_length: options.max_seq_len, doc_stride: options.doc_stride }
  const lengths = windowLengths(given, { max_positions, model_max_length })
  const { max_seq_length: max_seq_len, doc_stride } = lengths
  const { max_question_len, batch_size = 4, padding = 'do_not_pad', onProgress } = options
  for (const [name, value] of Object.entries({ max_seq_len, max_question_len, batch_size }))
    if (value !== undefined) atLeastOne(name, value)
  if (max_seq_len > max_positions)
    throw new UsageError(
      `max_seq_len is ${max_seq_len}, but the model reads at most ${max_positions} tokens`,
      `Choose a max_seq_len of at most ${max_positions}.`,
    )
  if (doc_stride > max_seq_len)
    throw new UsageError(
      `doc_stride is ${doc_stride}, more than max_seq_len ${max_seq_len}`,
      `It is the overlap of two windows; choose one below ${max_seq_len}, such as ${Math.floor(max_seq_len / 4)}.`,
    )
  return {
    windows: {
      max_seq_length: max_seq_len,
      doc_stride,
      max_question_length: max_question_len,
      max_positions,
      length_name: 'max_seq_len',
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

/** @throws UsageError unless the value is a whole number from 1 */
export function atLeastOne(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError(`${name} is ${value}, expected a whole number from 1`)
}
