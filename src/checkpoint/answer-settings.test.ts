import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { storedConfidence } from '../../tests/stored-confidence.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { ANSWER_SETTINGS_FILE, type AnswerSettings, loadAnswerSettings, saveAnswerSettings } from './answer-settings.ts'

const settings: AnswerSettings = {
  version_2_with_negative: true,
  null_score_diff_threshold: -1.25,
  confidence: storedConfidence,
  max_answer_length: 30,
  max_seq_length: 384,
  doc_stride: 128,
  fitted_on: { data: 'dev.json', questions: 100 },
}

test('reads settings back as they were saved', async () => {
  const folder = join(temporaryFolder(), 'new')
  await saveAnswerSettings(folder, settings)
  expect(await loadAnswerSettings(folder)).toEqual(settings)
})

test('reads settings of version 0.1.0 without the temperature', async () => {
  const folder = temporaryFolder()
  const { confidence: _, ...rest } = settings
  writeFileSync(join(folder, ANSWER_SETTINGS_FILE), JSON.stringify({ ...rest, temperature: 1.5 }))
  expect(await loadAnswerSettings(folder)).toEqual(rest)
})

test('reads a confidence stored before `share` existed as if `share` were 0', async () => {
  const folder = temporaryFolder()
  const { share: _, ...answer } = storedConfidence.answer
  const stored = { ...settings, confidence: { ...storedConfidence, answer } }
  writeFileSync(join(folder, ANSWER_SETTINGS_FILE), JSON.stringify(stored))
  expect((await loadAnswerSettings(folder))?.confidence?.answer).toEqual({ ...answer, share: 0 })
})

test('returns undefined if the file is missing', async () => {
  expect(await loadAnswerSettings(temporaryFolder())).toBeUndefined()
})

test.each([
  ['{"confidence": 1', /broken JSON/],
  [JSON.stringify({ ...settings, confidence: { ...storedConfidence, version: 2 } }), /confidence.*spanforge evaluate/s],
  [JSON.stringify({ ...settings, null_score_diff_threshold: 'low' }), /null_score_diff_threshold/],
  ['[]', /expected object/],
])('rejects an invalid file and names it: %s', async (content, message) => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, ANSWER_SETTINGS_FILE), content)
  const loading = loadAnswerSettings(folder)
  await expect(loading).rejects.toThrow(message)
  await expect(loading).rejects.toThrow(ANSWER_SETTINGS_FILE)
})
