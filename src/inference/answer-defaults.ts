import type { AnswerSettings } from '../checkpoint/answer-settings.ts'
import type { SearchOptions } from './pipeline.ts'

/**
 * Options for answers of a model with stored settings: what is not given is as the settings were fitted, so that the
 * threshold means what it meant there, and candidates have a confidence if one was fitted.
 */
export function withSettings<T extends SearchOptions>(given: T, settings: AnswerSettings | undefined): T {
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T
  if (!settings) return known
  const { version_2_with_negative, null_score_diff_threshold, confidence, max_answer_length } = settings
  return {
    handle_impossible_answer: version_2_with_negative,
    null_score_diff_threshold,
    confidence,
    max_answer_length,
    max_seq_len: settings.max_seq_length,
    // The stride belongs to the length that it was chosen with.
    ...((known.max_seq_len ?? settings.max_seq_length) === settings.max_seq_length && {
      doc_stride: settings.doc_stride,
    }),
    ...known,
  }
}
