import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runHere, type Said } from '../../../tests/run-here.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { checkpointBytes, tinyTraining } from '../../../tests/tiny-run.ts'
import { tinyFolder } from '../../../tests/tiny-squad.ts'

// Full runs take seconds, or minutes on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 })

const readJson = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'))
const lines = (...path: string[]) =>
  readFileSync(join(...path), 'utf8')
    .trimEnd()
    .split('\n')

describe('a run of spanforge train', () => {
  let folder: string
  let said: Said
  const epochs = { eval_strategy: 'epoch', save_strategy: 'epoch', load_best_model_at_end: true } as const
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
    said = await runHere(...tinyTraining(folder, epochs))
    expect(said.stderr).not.toContain('error')
    expect(said.code).toBe(0)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('writes the model, history, results and report', () => {
    expect(readdirSync(join(folder, 'out')).sort()).toEqual([
      'README.md',
      'all_results.json',
      'answer_settings.json',
      'checkpoint-12',
      'checkpoint-6',
      'config.json',
      'eval_results.json',
      'learning_curve.png',
      'learning_curve.svg',
      'log.jsonl',
      'model.safetensors',
      'report.html',
      'report.md',
      'run_digests.json',
      'runs',
      'special_tokens_map.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'train_results.json',
      'trainer_state.json',
      'training_args.json',
      'vocab.txt',
    ])
  })

  test('saves the weights of the best checkpoint', () => {
    const { best_model_checkpoint, best_metric, eval_loss } = readJson(folder, 'out/all_results.json')
    expect(best_metric).toBe(eval_loss)
    const saved = readFileSync(join(folder, 'out/model.safetensors'))
    expect(saved.equals(readFileSync(join(best_model_checkpoint, 'model.safetensors')))).toBe(true)
  })

  test('names its results like run_qa of transformers', () => {
    const all = readJson(folder, 'out/all_results.json')
    expect(all).toMatchObject({ epoch: 2, train_samples: 24, eval_samples: 8 })
    expect(all).toMatchObject(readJson(folder, 'out/train_results.json'))
    expect(all).toMatchObject(readJson(folder, 'out/eval_results.json'))
    for (const name of ['train_loss', 'train_runtime', 'train_samples_per_second', 'train_steps_per_second'])
      expect(all[name], name).toBeGreaterThan(0)
    for (const name of ['total_flos', 'eval_loss', 'eval_runtime', 'eval_samples_per_second'])
      expect(all[name], name).toBeGreaterThan(0)
    for (const name of ['eval_exact_match', 'eval_f1']) expect(all[name], name).toBeGreaterThanOrEqual(0)
  })

  test('logs every step to log.jsonl with the same entries as in trainer_state.json', () => {
    const { log_history } = readJson(folder, 'out/trainer_state.json')
    expect(lines(folder, 'out/log.jsonl').map((line) => JSON.parse(line))).toEqual(log_history)
    // One entry per step, one per evaluation and one for the whole run.
    expect(log_history).toHaveLength(12 + 2 + 1)
  })

  test('prints model, data and setup first, and losses, their meaning and the saved files last', () => {
    for (const text of ['Model', 'Data', 'Training setup', 'Arguments', 'Losses by epoch', 'What the loss means'])
      expect(said.stdout).toContain(`\n${text}\n---`)
    expect(said.stdout).toContain('12 = 2 epochs x ceil(24 windows / 4)')
    expect(said.stdout).toMatch(
      /epoch 1: training loss .*, validation loss .*, exact match .*, F1 .* \(the best so far\)/,
    )
    expect(said.stdout).toMatch(/model\.safetensors +9\d\.\d kB +weights/)
  })

  test('gets the same scores from spanforge evaluate', async () => {
    const { eval_loss, eval_f1 } = readJson(folder, 'out/all_results.json')
    const windows = ['--max_seq_length', '48', '--doc_stride', '8', '--json']
    const argv = ['--model', join(folder, 'out'), '--data', join(folder, 'dev.json'), ...windows]
    const found = JSON.parse((await runHere('evaluate', ...argv)).stdout)
    expect(found).toMatchObject({ eval_loss, f1: eval_f1 })
  })

  test('is rejected a second time in the same folder, with a remedy', async () => {
    const { code, stderr } = await runHere(...tinyTraining(folder))
    expect(code).toBe(2)
    expect(stderr).toContain('the output folder contains an earlier run')
    expect(stderr).toContain('--resume_from_checkpoint latest')
  })

  test('can be resumed after its end without changing weights or history', async () => {
    const before = readFileSync(join(folder, 'out/model.safetensors'))
    const history = readJson(folder, 'out/trainer_state.json').log_history
    const again = await runHere('train', '--output_dir', join(folder, 'out'), '--resume_from_checkpoint', 'latest')
    expect(again.code, again.stderr).toBe(0)
    expect(readFileSync(join(folder, 'out/model.safetensors')).equals(before)).toBe(true)
    expect(readJson(folder, 'out/trainer_state.json').log_history.slice(0, -1)).toEqual(history.slice(0, -1))
  })

  test('is removed completely by a new run with --overwrite_output_dir', async () => {
    const { code } = await runHere(...tinyTraining(folder, { overwrite_output_dir: true, max_steps: 2 }))
    expect(code).toBe(0)
    expect(existsSync(join(folder, 'out/checkpoint-2'))).toBe(true)
    expect(existsSync(join(folder, 'out/checkpoint-12'))).toBe(false)
  })
})

describe('spanforge train', () => {
  test('prints only the contents of all_results.json to standard output with --json', async () => {
    const folder = temporaryFolder()
    const { stdout } = await runHere(...tinyTraining(folder, { max_steps: 2, json: true }))
    expect(JSON.parse(stdout)).toEqual(readJson(folder, 'out/all_results.json'))
  })

  test('reads arguments from a file, and flags override them', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'arguments.json')
    writeFileSync(file, '{"max_steps": 3, "weight_decay": 0.5, "seed": 7}')
    const { code } = await runHere(...tinyTraining(folder, { args_file: file, max_steps: 1 }))
    expect(code).toBe(0)
    const { max_steps, weight_decay, seed } = readJson(folder, 'out/training_args.json')
    expect({ max_steps, weight_decay, seed }).toEqual({ max_steps: 1, weight_decay: 0.5, seed: 7 })
  })

  test('names the file and position of an invalid argument', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'arguments.json')
    writeFileSync(file, '{"lerning_rate": 3}')
    const { code, stderr } = await runHere(...tinyTraining(folder, { args_file: file }))
    expect(code).toBe(2)
    expect(stderr).toContain(`${file}: line 1, column 18: lerning_rate: unknown argument; did you mean learning_rate?`)
  })

  test('rejects load_best_model_at_end without evaluations before the first step', async () => {
    const folder = temporaryFolder()
    const { code, stderr } = await runHere(...tinyTraining(folder, { load_best_model_at_end: true }))
    expect(code).toBe(2)
    expect(stderr).toContain('load_best_model_at_end requires loss, which is never computed with eval_strategy no')
    expect(existsSync(join(folder, 'out'))).toBe(false)
  })

  test('writes no log files with report_to none', async () => {
    const folder = temporaryFolder()
    await runHere(...tinyTraining(folder, { max_steps: 1, report_to: 'none' }))
    expect(existsSync(join(folder, 'out/log.jsonl'))).toBe(false)
    expect(existsSync(join(folder, 'out/runs'))).toBe(false)
  })

  test('is reproducible bit for bit', async () => {
    const folders = [temporaryFolder(), temporaryFolder()]
    for (const folder of folders) await runHere(...tinyTraining(folder, { max_steps: 4 }))
    const [one, two] = folders.map((folder) => checkpointBytes(join(folder, 'out/checkpoint-4')))
    expect(one).toEqual(two)
  })

  test('rejects unanswerable questions without --version_2_with_negative before loading anything', async () => {
    const folder = temporaryFolder()
    const argv = tinyTraining(folder, { max_steps: 1, eval_strategy: 'epoch' })
    const path = join(folder, 'dev.json')
    const { data } = JSON.parse(readFileSync(path, 'utf8'))
    data[0].paragraphs[0].qas[0].answers = []
    writeFileSync(path, JSON.stringify({ version: 'v2.0', data }))
    const { code, stdout, stderr } = await runHere(...argv)
    expect(code).toBe(1)
    expect(stderr).toContain('--version_2_with_negative')
    expect(stdout).toBe('')
  })

  test('does not remove the model or data of the run with --overwrite_output_dir', async () => {
    const folder = temporaryFolder()
    const output_dir = join(folder, 'out')
    const argv = tinyTraining(folder, { output_dir, overwrite_output_dir: true })
    cpSync(tinyFolder, join(output_dir, 'checkpoint-1'), { recursive: true })
    for (const model of [output_dir, join(output_dir, 'checkpoint-1')]) {
      const { code, stderr } = await runHere(...argv, '--model', model)
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringContaining(`--overwrite_output_dir would remove ${model}, which this run reads`),
      })
    }
    expect(existsSync(join(output_dir, 'checkpoint-1', 'model.safetensors'))).toBe(true)
    const kept = join(output_dir, 'checkpoint-1', 'arguments.json')
    const link = join(output_dir, 'checkpoint-1', 'link.json')
    writeFileSync(kept, '{}')
    symlinkSync(join(folder, 'train.json'), link)
    for (const more of [
      ['--args_file', kept],
      ['--dataset', join(output_dir, 'checkpoint-1')],
      ['--train_file', link],
    ]) {
      const { code, stderr } = await runHere(...argv, ...more)
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringContaining(`--overwrite_output_dir would remove ${more[1]}, which this run reads`),
      })
      expect(existsSync(more[1])).toBe(true)
    }
  })

  test('does not overwrite the pretrained model', async () => {
    const folder = temporaryFolder()
    const before = readFileSync(join(tinyFolder, 'model.safetensors'))
    const { code, stderr } = await runHere(
      ...tinyTraining(folder, { output_dir: tinyFolder, overwrite_output_dir: true }),
    )
    expect(code).toBe(2)
    expect(stderr).toContain('is not empty and contains no spanforge run')
    expect(readFileSync(join(tinyFolder, 'model.safetensors')).equals(before)).toBe(true)
  })
})
