import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { AutoModelForQuestionAnswering } from '../src/api/model.ts'
import { AutoTokenizer } from '../src/api/tokenizer.ts'
import { Trainer, TrainingArguments } from '../src/api/trainer.ts'
import { loadAnswerSettings, saveAnswerSettings } from '../src/checkpoint/answer-settings.ts'
import { createDataset } from '../src/squad/dataset.ts'
import { toSquadJson } from '../src/squad/reading/squad-json.ts'
import type { Example } from '../src/squad/types.ts'
import { runHere } from './run-here.ts'
import { storedConfidence } from './stored-confidence.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { type Flags, tinyTraining } from './tiny-run.ts'
import { tinyExamples, tinyFolder } from './tiny-squad.ts'

// Complete runs take seconds on an idle machine and minutes on a busy one.
vi.setConfig({ testTimeout: 600_000 })

/** 6 of 24 questions have no answer. */
const mixed: Example[] = tinyExamples(24).map((example, i) => (i % 4 ? example : { ...example, answers: [] }))
const lengths = { max_answer_length: 30, max_seq_length: 48, doc_stride: 8 }

let folder: string
let train_file: string
let base: string
const fitted = {
  version_2_with_negative: true,
  null_score_diff_threshold: 1.25,
  confidence: storedConfidence,
  ...lengths,
  fitted_on: { data: 'dev.json', questions: 300 },
}

beforeEach(async () => {
  folder = temporaryFolder()
  train_file = join(folder, 'mixed.json')
  writeFileSync(train_file, toSquadJson(mixed))
  base = join(folder, 'base')
  cpSync(tinyFolder, base, { recursive: true })
  await saveAnswerSettings(base, fitted)
})

/** Trains two steps without validation, and returns the settings of the model and of its checkpoint. */
async function trained(more: Flags) {
  const argv = tinyTraining(folder, { max_steps: 2, ...more }).filter(
    (flag, i, all) => flag !== '--validation_file' && all[i - 1] !== '--validation_file',
  )
  const said = await runHere(...argv)
  expect(said.code, said.stderr).toBe(0)
  const settings = await loadAnswerSettings(join(folder, 'out'))
  expect(await loadAnswerSettings(join(folder, 'out/checkpoint-2'))).toEqual(settings)
  return { settings, warnings: said.stdout.match(/Warning: .*have no answer.*/g) ?? [] }
}

describe('Questions without an answer', () => {
  test('cause a warning with their number if "" is never an answer', async () => {
    const { settings, warnings } = await trained({ train_file })
    expect(warnings).toEqual([expect.stringContaining('6 of the 24 training questions have no answer')])
    expect(warnings[0]).toContain('--version_2_with_negative')
    expect(settings).toBeUndefined()
  })

  test('train a model that may answer "", with the given threshold (default: 0) if there is no validation', async () => {
    const { settings, warnings } = await trained({ train_file, version_2_with_negative: true })
    expect(warnings).toEqual([])
    expect(settings).toEqual({ version_2_with_negative: true, null_score_diff_threshold: 0, ...lengths })
    const given = { train_file, version_2_with_negative: true, null_score_diff_threshold: -2 } as const
    const again = await trained({ ...given, overwrite_output_dir: true })
    expect(again.settings).toMatchObject({ null_score_diff_threshold: -2 })
    // From now on, the served answer may be "".
    const argv = ['--model', join(folder, 'out'), '--question', 'who is in ro?', '--context', 'bo is in ro.', '--json']
    const { stdout } = await runHere('answer', ...argv)
    expect(JSON.parse(stdout)).toHaveProperty('null_odds')
  })
})

test('A sweep warns about them only once', async () => {
  const argv = tinyTraining(folder, { max_steps: 1, train_file }).with(0, 'sweep')
  const { code, stdout, stderr } = await runHere(...argv, '--grid', 'seed=1,2')
  expect(code, stderr).toBe(0)
  expect(stdout.match(/Warning: 6 of the 24 training questions/g)).toHaveLength(1)
})

test('The Trainer rejects validation questions without an answer before the first step', async () => {
  const sizes = { max_seq_length: 48, doc_stride: 8 }
  const tokenizer = await AutoTokenizer.from_pretrained(tinyFolder)
  const dataset = createDataset(tokenizer, mixed, sizes)
  const output_dir = join(folder, 'trainer')
  const trainer = new Trainer({
    model: await AutoModelForQuestionAnswering.from_pretrained(tinyFolder),
    args: new TrainingArguments({ output_dir, max_steps: 4, eval_strategy: 'steps', eval_steps: 2, ...sizes }),
    train_dataset: dataset,
    eval_dataset: dataset,
  })
  await expect(trainer.train()).rejects.toThrow('question q0 has no answers')
  expect(trainer.state.global_step).toBe(0)
  expect(existsSync(output_dir)).toBe(false)
})

describe('The settings of the base model', () => {
  test('determine whether "" may be an answer, but values fitted on the old weights are dropped', async () => {
    const { settings, warnings } = await trained({ model: base, train_file })
    expect(warnings).toEqual([])
    expect(settings).toEqual({ version_2_with_negative: true, null_score_diff_threshold: 0, ...lengths })
  })

  test('are overridden by an explicit false', async () => {
    const { settings, warnings } = await trained({ model: base, train_file, version_2_with_negative: 'false' })
    expect(warnings).toHaveLength(1)
    expect(settings).toEqual({ version_2_with_negative: false, null_score_diff_threshold: 0, ...lengths })
  })

  test('determine how the run evaluates', async () => {
    const said = await runHere(...tinyTraining(folder, { model: base, validation_file: train_file, max_steps: 2 }))
    expect(said.code, said.stderr).toBe(0)
    expect(await loadAnswerSettings(join(folder, 'out'))).toMatchObject({ version_2_with_negative: true })
  })

  test('also apply to the Trainer', async () => {
    const model = await AutoModelForQuestionAnswering.from_pretrained(base)
    const tokenizer = await AutoTokenizer.from_pretrained(base)
    const args = new TrainingArguments({ output_dir: join(folder, 'out'), max_steps: 2, ...lengths })
    const train_dataset = createDataset(tokenizer, mixed, lengths)
    const trainer = new Trainer({ model, args, train_dataset, processing_class: tokenizer })
    await trainer.save_model(join(folder, 'before'))
    expect(await loadAnswerSettings(join(folder, 'before'))).toEqual(fitted)
    await trainer.train()
    const expected = { version_2_with_negative: true, null_score_diff_threshold: 0, ...lengths }
    await trainer.save_model(join(folder, 'after'))
    await model.save_pretrained(join(folder, 'pretrained'))
    for (const place of ['out/checkpoint-2', 'after', 'pretrained'])
      expect(await loadAnswerSettings(join(folder, place)), place).toEqual(expected)
    await model.release()
  })
})
