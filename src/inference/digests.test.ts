import { expect, test } from 'vitest'
import type { ModelConfig } from '../models/architecture.ts'
import type { LabeledWindow } from '../squad/types.ts'
import { type DigestedQuestion, digestConfig, digestQuestions, digestWindows } from './digests.ts'

/** The values with each of the changes by itself. */
const changedOnce = <T extends object>(value: T, changes: Partial<T>): [string, T][] =>
  Object.entries(changes).map(([name, changed]) => [name, { ...value, [name]: changed }])

const question: DigestedQuestion = {
  ...{ id: 'a', question: 'Who?', context: 'Bo is in Ro. Bo!' },
  answers: [{ text: 'Bo', answer_start: 0 }],
}

test.each([
  ...changedOnce(question, { id: 'b', question: 'Where?', context: 'Bo is in Ro. Bo.' }),
  ...changedOnce(question, { answers: [{ text: 'Bo', answer_start: 13 }] }),
  ...changedOnce(question, { answers: [{ text: 'B', answer_start: 0 }] }),
  ...changedOnce(question, { answers: [] }),
])('the digest of questions depends on %s', (_, changed) => {
  expect(digestQuestions([changed])).not.toBe(digestQuestions([question]))
  expect(digestQuestions([question, changed])).not.toBe(digestQuestions([changed, question]))
})

const window: LabeledWindow = {
  ...{ example: 0, input_ids: Int32Array.of(1, 2, 3), token_types: Uint8Array.of(0, 0, 1) },
  ...{ context_start: 1, context_end: 3, offsets: new Int32Array(6), start_position: 1, end_position: 2 },
}

test.each([
  ...changedOnce(window, { example: 1, context_start: 2, context_end: 2, start_position: 2, end_position: 1 }),
  ...changedOnce(window, { input_ids: Int32Array.of(1, 2, 4) }),
])('the digest of windows depends on %s', (_, changed) => {
  expect(digestWindows([changed])).not.toBe(digestWindows([window]))
})

test('the digest of a configuration depends only on what is computed', () => {
  const config = { model_type: 'bert', hidden_size: 8, initializer_range: 0.02, extra: {} } as unknown as ModelConfig
  expect(digestConfig({ ...config, initializer_range: 1, extra: { a: 1 } })).toBe(digestConfig(config))
  expect(digestConfig({ ...config, hidden_size: 4 } as ModelConfig)).not.toBe(digestConfig(config))
})
