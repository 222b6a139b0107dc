import type { AnswerSettings } from '../checkpoint/answer-settings.ts'
import type { SearchOptions } from './pipeline.ts'

/**
 * Adds the settings stored with the model to the given options, so that the threshold has its intended meaning and
 * candidates have a confidence if one was fitted. Given options take precedence.
 */
export function withStoredSettings(given: SearchOptions, stored: AnswerSettings | undefined): SearchOptions {
  if (!stored) return given
  const { version_2_with_negative, null_score_diff_threshold, confidence, max_answer_length, max_seq_length } = stored
  return {
    handle_impossible_answer: version_2_with_negative,
    null_score_diff_threshold,
    confidence,
    max_answer_length,
    max_seq_len: max_seq_length,
    // The stored stride applies only to the stored length.
    ...((given.max_seq_len ?? max_seq_length) === max_seq_length && { doc_stride: stored.doc_stride }),
    ...given,
  }
}
