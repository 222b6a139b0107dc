import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { runHere } from '../../tests/run-here.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { tinyTraining } from '../../tests/tiny-run.ts'
import { tinyExamples } from '../../tests/tiny-squad.ts'
import { loadAnswerSettings } from '../checkpoint/answer-settings.ts'
import { toSquadJson } from '../squad/squad-json.ts'

// Whole runs: seconds on a machine at rest, minutes on a busy one.
vi.setConfig({ testTimeout: 600_000 })

test('training stores threshold and temperature with the model, and evaluation uses them', async () => {
  const folder = temporaryFolder()
  const examples = tinyExamples(24, 200).map((example, i) => (i % 3 ? example : { ...example, answers: [] }))
  const validation_file = join(folder, 'dev-v2.json')
  writeFileSync(validation_file, toSquadJson(examples))
  const more = { validation_file, eval_strategy: 'epoch', version_2_with_negative: true, json: true } as const
  const { code, stdout, stderr } = await runHere(...tinyTraining(folder, more))
  expect(code, stderr).toBe(0)
  const results = JSON.parse(stdout)
  expect(results).toMatchObject({ eval_HasAns_total: 16, eval_NoAns_total: 8 })

  const model = join(folder, 'out')
  const settings = (await loadAnswerSettings(model))!
  expect(settings).toMatchObject({
    version_2_with_negative: true,
    max_answer_length: 30,
    max_seq_length: 48,
    doc_stride: 8,
    fitted_on: { data: 'dev-v2.json', questions: 24 },
  })
  const windows = ['--max_seq_length', '48', '--doc_stride', '8']
  const evaluated = await runHere('evaluate', '--model', model, '--data', validation_file, ...windows, '--json')
  const found = JSON.parse(evaluated.stdout)
  const { null_score_diff_threshold, temperature } = settings
  expect(found).toMatchObject({ version_2_with_negative: true, null_score_diff_threshold })
  expect(found.confidence.calibrated).toMatchObject({ temperature, fitted_here: false })
  // No threshold does better on the questions that it was tuned on.
  expect(found.f1).toBeGreaterThanOrEqual(results.eval_best_f1 - 1e-9)
  expect(found.f1).toBeGreaterThanOrEqual(results.eval_f1 - 1e-9)
})
