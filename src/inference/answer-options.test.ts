import { expect, test } from 'vitest'
import { storedConfidence } from '../../tests/stored-confidence.ts'
import { resolveAnswerOptions, resolveEvaluateOptions, resolvePipelineOptions } from './answer-options.ts'

const stored = {
  version_2_with_negative: true,
  null_score_diff_threshold: 1.25,
  confidence: storedConfidence,
  max_answer_length: 9,
  max_seq_length: 48,
  doc_stride: 8,
}

test('resolves aliases to one name, and the first alias takes precedence', () => {
  const given = { topk: 2, max_answer_len: 5, max_seq_length: 64, version_2_with_negative: true, doc_stride: 3 }
  const options = { top_k: 2, max_answer_length: 5, max_seq_len: 64, handle_impossible_answer: true, doc_stride: 3 }
  expect(resolveAnswerOptions(given, undefined)).toEqual(options)
  expect(resolveAnswerOptions(options, undefined)).toEqual(options)
  const both = { ...given, top_k: 1, max_seq_len: 32, handle_impossible_answer: false, max_answer_length: 7 }
  expect(resolveAnswerOptions(both, undefined)).toEqual({
    ...options,
    top_k: 1,
    max_seq_len: 32,
    handle_impossible_answer: false,
  })
})

test('ignores unknown properties', () => {
  const flags = { top_k: 1, model: 'out', json: true }
  expect(resolveAnswerOptions(flags, undefined)).toEqual({ top_k: 1 })
})

test('a search uses stored settings for missing and undefined options', () => {
  const followed = {
    handle_impossible_answer: true,
    null_score_diff_threshold: 1.25,
    confidence: storedConfidence,
    max_answer_length: 9,
    max_seq_len: 48,
    doc_stride: 8,
  }
  expect(resolveAnswerOptions({}, stored)).toEqual(followed)
  expect(resolveAnswerOptions({ null_score_diff_threshold: undefined, max_answer_len: undefined }, stored)).toEqual(
    followed,
  )
  const given = { handle_impossible_answer: false, null_score_diff_threshold: 0, max_answer_len: 4 }
  expect(resolveAnswerOptions(given, stored)).toMatchObject({
    handle_impossible_answer: false,
    null_score_diff_threshold: 0,
    max_answer_length: 4,
  })
  expect(resolveAnswerOptions({ max_seq_length: 32 }, stored)).not.toHaveProperty('doc_stride')
})

test('the Python pipeline uses its own defaults except for the stored threshold', () => {
  expect(resolvePipelineOptions({ null_score_diff_threshold: undefined }, stored)).toEqual({
    null_score_diff_threshold: 1.25,
  })
  expect(resolvePipelineOptions({ max_answer_length: 4, null_score_diff_threshold: 0 }, stored)).toEqual({
    max_answer_len: 4,
    null_score_diff_threshold: 0,
  })
})

test('an evaluation uses stored settings too and keeps its other options', () => {
  const known = { version_2_with_negative: true, null_score_diff_threshold: 1.25, max_answer_length: 9 }
  expect(resolveEvaluateOptions({ batch_size: 3, version_2_with_negative: undefined }, stored)).toEqual({
    ...known,
    confidence: storedConfidence,
    batch_size: 3,
  })
  expect(resolveEvaluateOptions({}, undefined)).toMatchObject({
    version_2_with_negative: false,
    null_score_diff_threshold: 0,
    max_answer_length: 30,
  })
  expect(resolveEvaluateOptions({ max_answer_length: 5 }, stored)).toMatchObject({ ...known, max_answer_length: 5 })
})
