import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { runHere } from '../../../tests/run-here.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { tinyExamples, tinyFolder } from '../../../tests/tiny-squad.ts'
import { Trainer, TrainingArguments } from '../../api/trainer.ts'
import { saveAnswerSettings } from '../../checkpoint/answer-settings.ts'
import { loadTokenizer } from '../../checkpoint/tokenizer-folder.ts'
import { writeExamples } from '../../data/write-examples.ts'
import { loadPretrained } from '../../inference/pretrained.ts'
import { createDataset } from '../../squad/dataset.ts'
import { argumentDefaults } from '../../training/arguments/arguments.ts'

// Model runs take seconds, or minutes on a busy machine.
vi.setConfig({ testTimeout: 600_000 })

const positions = JSON.parse(readFileSync(join(tinyFolder, 'config.json'), 'utf8')).max_position_embeddings as number
const NOTE = /Using max_seq_length 48 and doc_stride 12 \(stored with the model\)/

let folder: string
let data: string
let model: string
beforeEach(async () => {
  folder = temporaryFolder()
  data = join(folder, 'data.jsonl')
  model = join(folder, 'model')
  await writeExamples(data, tinyExamples(12))
  cpSync(tinyFolder, model, { recursive: true })
  const lengths = { max_answer_length: 30, max_seq_length: 48, doc_stride: 12 }
  await saveAnswerSettings(model, { version_2_with_negative: false, null_score_diff_threshold: 0, ...lengths })
})

test('the model supports fewer than 384 tokens', () => expect(positions).toBeLessThan(384))

test('every command uses the lengths stored with the model', async () => {
  const commands = [
    ['evaluate', '--model', model, '--data', data],
    ['data', 'check', data, '--model', model, '--estimate'],
    ['data', 'windows', data, '--model', model],
  ]
  for (const argv of commands) {
    const { code, stdout, stderr } = await runHere(...argv)
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(NOTE)
    if (argv.includes('--estimate'))
      expect(stdout).toContain(`a few steps of ${argumentDefaults.per_device_train_batch_size} windows`)
  }
  const output_dir = join(folder, 'out')
  const trained = await runHere(
    'train',
    '--model',
    model,
    '--train_file',
    data,
    '--output_dir',
    output_dir,
    '--max_steps',
    '1',
    '--save_strategy',
    'no',
  )
  expect(trained.code, trained.stderr).toBe(0)
  expect(trained.stdout).toMatch(NOTE)
  const { max_seq_length, doc_stride } = JSON.parse(readFileSync(join(output_dir, 'training_args.json'), 'utf8'))
  expect([max_seq_length, doc_stride]).toEqual([48, 12])
})

test('without stored lengths, the maximum of the model is used', async () => {
  const { code, stdout, stderr } = await runHere('evaluate', '--model', tinyFolder, '--data', data)
  expect(code, stderr).toBe(0)
  expect(stdout).toContain(`(the model supports at most ${positions} tokens)`)
})

test('the library trains with padding to max_length', async () => {
  const loaded = await loadPretrained(tinyFolder)
  const dataset = createDataset(await loadTokenizer(tinyFolder), tinyExamples(4), {
    max_seq_length: 48,
    doc_stride: 12,
  })
  const args = new TrainingArguments({
    output_dir: join(folder, 'library'),
    max_steps: 1,
    save_strategy: 'no',
    padding: 'max_length',
  })
  await new Trainer({ model: loaded.model, args, train_dataset: dataset }).train()
  await loaded.model.release()
})

test('the error for a question that is too long suggests possible values and names the flag', async () => {
  const long = { ...tinyExamples(1)[0], question: 'who '.repeat(60) }
  const longData = join(folder, 'long.jsonl')
  await writeExamples(longData, [long])
  const evaluated = await runHere('evaluate', '--model', model, '--data', longData)
  expect(evaluated.stderr).toMatch(/windows of max_seq_length 48/)
  const answered = await runHere('answer', '--model', model, '--question', long.question, '--context', long.context)
  expect(answered.stderr).toMatch(/windows of max_seq_length 48/)
  for (const { stderr } of [evaluated, answered])
    for (const [, value] of stderr.matchAll(/max_seq_length to (\d+)/g))
      expect(Number(value)).toBeLessThanOrEqual(positions)
})

test('errors about lengths name the flags', async () => {
  const question = ['--question', 'who?', '--context', 'bo is in ro.']
  for (const postprocess of ['exact', 'pipeline']) {
    const answer = (...lengths: string[]) =>
      runHere('answer', '--model', tinyFolder, ...question, '--postprocess', postprocess, ...lengths)
    expect((await answer('--max_seq_len', '9999')).stderr).toContain('error: max_seq_length is 9999')
    const overlap = await answer('--max_seq_length', '32', '--doc_stride', '33')
    expect(overlap.stderr).toContain('doc_stride is 33, more than max_seq_length 32')
  }
})
