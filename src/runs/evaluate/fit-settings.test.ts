import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { runHere } from '../../../tests/run-here.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { tinyTraining } from '../../../tests/tiny-run.ts'
import { differentExamples } from '../../../tests/tiny-squad.ts'
import { loadAnswerSettings } from '../../checkpoint/answer-settings.ts'
import { toSquadJson } from '../../squad/reading/squad-json.ts'
import { cannotFit } from './fit-settings.ts'

// Complete runs, which take seconds on an idle machine and minutes on a busy one.
vi.setConfig({ testTimeout: 600_000 })

/** Trains with the given number of validation questions, a third of them without an answer. */
async function trained(questions: number) {
  const folder = temporaryFolder()
  const examples = differentExamples(questions, 200).map((example, i) =>
    i % 3 ? example : { ...example, answers: [] },
  )
  const validation_file = join(folder, 'dev-v2.json')
  writeFileSync(validation_file, toSquadJson(examples))
  const more = { validation_file, eval_strategy: 'epoch', version_2_with_negative: true, json: true } as const
  const { code, stdout, stderr } = await runHere(...tinyTraining(folder, more))
  expect(code, stderr).toBe(0)
  return { model: join(folder, 'out'), validation_file, results: JSON.parse(stdout), stderr }
}

test('training with fewer than 200 validation questions stores no threshold and no confidence, and says so', async () => {
  const { model, stderr } = await trained(24)
  expect(await loadAnswerSettings(model)).toEqual({
    version_2_with_negative: true,
    null_score_diff_threshold: 0,
    max_answer_length: 30,
    max_seq_length: 48,
    doc_stride: 8,
  })
  expect(stderr).toMatch(
    /No threshold and no confidence are stored with the model: at least 200 different questions .* are 24/,
  )
})

test('training stores the threshold and the confidence with the model, and evaluation uses them', async () => {
  const { model, validation_file, results, stderr } = await trained(210)
  expect(results).toMatchObject({ eval_HasAns_total: 140, eval_NoAns_total: 70 })
  expect(stderr).toMatch(/Confidence fitted on 210 validation questions.*in longer texts \(210 questions\)/)
  const settings = (await loadAnswerSettings(model))!
  expect(settings).toMatchObject({
    version_2_with_negative: true,
    max_answer_length: 30,
    max_seq_length: 48,
    doc_stride: 8,
    fitted_on: { data: 'dev-v2.json', questions: 210 },
  })
  const windows = ['--max_seq_length', '48', '--doc_stride', '8']
  const evaluated = await runHere('evaluate', '--model', model, '--data', validation_file, ...windows, '--json')
  const found = JSON.parse(evaluated.stdout)
  const { null_score_diff_threshold } = settings
  expect(found).toMatchObject({ version_2_with_negative: true, null_score_diff_threshold })
  expect(found.confidence.calibrated).toMatchObject({ cross_validated: false })
  // No threshold does better on the questions that it was tuned on.
  expect(found.f1).toBeGreaterThanOrEqual(results.eval_best_f1 - 1e-9)
  expect(found.f1).toBeGreaterThanOrEqual(results.eval_f1 - 1e-9)
})

test('copies of a question about the same text do not count toward the 200', () => {
  const examples = differentExamples(200)
  expect(cannotFit(examples, false)).toBeUndefined()
  const copies = Array.from({ length: 200 }, (_, i) => ({ ...examples[i % 10], id: String(i) }))
  expect(cannotFit(copies, false)).toBe('at least 200 different questions are needed to fit it, and there are 10')
  const unanswered = copies.map((example) => ({ ...example, answers: [] }))
  expect(cannotFit([...examples, ...unanswered], true)).toContain('20 without an answer')
})

test('if the texts have no tokens, training saves its model and says why no confidence is stored', async () => {
  const folder = temporaryFolder()
  const context = '\u0001\u0002'
  const answers = [{ text: '\u0001', answer_start: 0 }]
  const examples = differentExamples(205).map((example) => ({ ...example, context, answers }))
  const validation_file = join(folder, 'control.json')
  writeFileSync(validation_file, toSquadJson(examples.map((one, i) => ({ ...one, question: `who is ${i}?` }))))
  const { code, stdout, stderr } = await runHere(...tinyTraining(folder, { validation_file, max_steps: 1 }))
  expect(code, stderr).toBe(0)
  expect(stdout).toContain('No confidence is stored with the model: at least 200 different questions')
  expect(stdout).toContain('and there are 0 for validation')
})
