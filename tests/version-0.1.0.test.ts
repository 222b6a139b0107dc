import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { PastRuns } from '../src/dashboard/past-runs.ts'
import { fixture, fixtureJson } from './fixture.ts'
import { rewriteProgress } from './rewrite-progress.ts'
import { runHere, type Said } from './run-here.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { checkpointBytes } from './tiny-run.ts'
import { tinyService } from './tiny-service.ts'

vi.setConfig({ testTimeout: 600_000 })

const DATA = ['--model', 'model', '--train_file', 'train.json', '--validation_file', 'dev.json']
const WINDOWS = ['--max_seq_length', '48', '--doc_stride', '8']
const STEPS = ['--per_device_train_batch_size', '4', '--num_train_epochs', '2', '--learning_rate', '1e-3']
/** Leaves a checkpoint of step 0. */
const BEST_AT_START = ['--eval_on_start', '--eval_strategy', 'epoch', '--save_strategy', 'best']
const RUN = [...DATA, ...WINDOWS, ...STEPS, '--per_device_eval_batch_size', '4', '--logging_steps', '1']

/**
 * Copies the output of version 0.1.0 and makes it the current folder until the test ends, because it contains relative
 * paths.
 */
function leftBy010() {
  const folder = temporaryFolder()
  cpSync(fixture('version-0.1.0'), folder, { recursive: true })
  const before = process.cwd()
  process.chdir(folder)
  onTestFinished(() => process.chdir(before))
  const at = (...path: string[]) => join(folder, ...path)
  const json = (...path: string[]) => JSON.parse(readFileSync(at(...path), 'utf8'))
  const run = async (...argv: string[]): Promise<Said> => {
    const result = await runHere(...argv)
    expect(result.code, result.stderr).toBe(0)
    return result
  }
  return { at, json, run }
}

const losses = (folder: string): number[] =>
  JSON.parse(readFileSync(join(folder, 'trainer_state.json'), 'utf8')).log_history.flatMap(
    ({ loss, eval_loss }: { loss?: number; eval_loss?: number }) => loss ?? eval_loss ?? [],
  )

test('loads its models and reproduces the recorded evaluation and answers', async () => {
  const { json, run } = leftBy010()
  const { eval_loss, eval_f1, eval_exact_match } = json('runs/finished/eval_results.json')
  const evaluated = await run('evaluate', '--model', 'runs/finished', '--data', 'dev.json', '--json', ...WINDOWS)
  const [measured] = [JSON.parse(evaluated.stdout)].flat()
  expect(measured.eval_loss).toBeCloseTo(eval_loss, 5)
  expect(measured).toMatchObject({ f1: eval_f1, exact_match: eval_exact_match })
  expect((await run('inspect', 'model')).stdout).toContain('6,306')
})

test('serves its models with their stored answer settings', async () => {
  const { at } = leftBy010()
  const service = await tinyService({
    folders: [at('model'), at('runs/finished'), at('runs/interrupted/checkpoint-6')],
  })
  try {
    for (const model of ['model', 'finished', 'checkpoint-6']) {
      const payload = { question: 'who is in ro?', context: 'bo is in ro.', model }
      const response = await service.app.inject({ method: 'POST', url: '/api/answer', payload })
      expect(response.statusCode, response.body).toBe(200)
    }
  } finally {
    await service.close()
  }
})

test('resumes its interrupted run with the same weights and moments as 0.1.0', async () => {
  const { at, run } = leftBy010()
  const { stdout } = await run('train', '--output_dir', 'runs/interrupted', '--resume_from_checkpoint', 'latest')
  expect(stdout).toContain('checkpoint-6')
  expect(stdout).not.toMatch(/bit for bit/)
  const [resumed, expected] = [at('runs/interrupted/checkpoint-12'), at('runs/finished/checkpoint-12')]
  expect(losses(resumed)).toHaveLength(losses(expected).length)
  for (const [i, loss] of losses(expected).entries()) expect(losses(resumed)[i]).toBeCloseTo(loss, 4)
  // Processors round differently. If a processor reproduces the recorded bits of the whole run with the dropout of 0.1.0,
  // resuming must reproduce them too.
  await run('train', ...RUN, ...BEST_AT_START, '--output_dir', 'again')
  await rewriteProgress(at('again/checkpoint-0'), ({ version, ...progress }) => progress)
  const again = ['--eval_strategy', 'steps', '--eval_steps', '4', '--save_steps', '6', '--output_dir', 'again']
  await run('train', ...RUN, ...again, '--resume_from_checkpoint', 'checkpoint-0')
  const repeats = checkpointBytes(at('again/checkpoint-12'))[0].equals(checkpointBytes(expected)[0])
  if (repeats) expect(checkpointBytes(resumed)).toEqual(checkpointBytes(expected))
  else console.warn('SKIPPED: this processor rounds differently, so the recorded bits cannot be compared')
})

test('recognizes its finished run as complete', async () => {
  const { at, run } = leftBy010()
  const before = checkpointBytes(at('runs/finished/checkpoint-12'))
  const { stderr } = await run('train', '--output_dir', 'runs/finished', '--resume_from_checkpoint', 'latest')
  expect(stderr).not.toMatch(/^step /m)
  expect(checkpointBytes(at('runs/finished/checkpoint-12'))).toEqual(before)
})

test('completes its sweep, keeping the finished run and resuming the interrupted one', async () => {
  const { at, json, run } = leftBy010()
  const { stderr } = await run(
    'sweep',
    ...RUN,
    ...['--eval_strategy', 'epoch', '--save_strategy', 'no', '--grid', 'seed=1,2', '--output_dir', 'runs/sweep'],
  )
  const steps = stderr.match(/^step \d+/gm)
  expect(steps?.[0]).toBe('step 7')
  expect(steps).toHaveLength(6)
  expect(existsSync(at('runs/sweep/sweep.html'))).toBe(true)
  const summary = ({ trials }: { trials: { name: string; status: string; metrics: { eval_loss: number } }[] }) =>
    trials
      .map(({ name, status, metrics }) => ({ name, status, eval_loss: Number(metrics.eval_loss.toFixed(4)) }))
      // Version 0.1.0 ranked seeds.
      .sort((a, b) => a.name.localeCompare(b.name))
  expect(summary(json('runs/sweep/sweep.json'))).toEqual(summary(fixtureJson('version-0.1.0/expected-sweep.json')))
})

test('completes its unfinished answer file', async () => {
  const { at, json, run } = leftBy010()
  const journal = json('answers.jsonl.partial.json')
  journal.settings.input = [at('questions.jsonl')]
  writeFileSync(at('answers.jsonl.partial.json'), JSON.stringify(journal))
  const windows = ['--max_seq_len', '24', '--doc_stride', '12']
  const { stderr } = await run(
    'predict',
    ...['--model', 'model', '--input', 'questions.jsonl', '--output', 'answers.jsonl', ...windows],
  )
  const lines = (path: string) =>
    readFileSync(path, 'utf8')
      .split(/\n(?=.)/)
      .map((line) => JSON.parse(line))
  const expected = lines(at('expected-answers.jsonl'))
  const answers = lines(at('answers.jsonl'))
  expect(answers.slice(0, journal.questions)).toEqual(expected.slice(0, journal.questions))
  expect(answers).toEqual(expected.map(({ score, ...rest }) => ({ ...rest, score: expect.closeTo(score, 6) })))
  expect(stderr).not.toMatch(/Answering: [0-5]\/12/)
})

test('lists its runs in the dashboard with status, scores and steps', async () => {
  const { at } = leftBy010()
  const runs = new PastRuns(at('runs'), 3)
  const entries = await runs.list()
  expect(entries.map(({ id, status, step, problems }) => ({ id, status, step, problems }))).toEqual(
    expect.arrayContaining([
      { id: 'finished', status: 'finished', step: 12, problems: [] },
      { id: 'interrupted', status: 'interrupted', step: 6, problems: [] },
      { id: join('sweep', 'seed=1'), status: 'finished', step: 12, problems: [] },
      { id: join('sweep', 'seed=2'), status: 'interrupted', step: 6, problems: [] },
    ]),
  )
  expect(entries).toHaveLength(4)
  expect((await runs.find('finished'))!.view.steps.step).toHaveLength(12)
  expect((await runs.find('interrupted'))!.view.evaluations).toHaveLength(1)
})

test('names the lock of its killed process, which does not indicate whether the process is running', async () => {
  const { at } = leftBy010()
  const dead = { pid: 2 ** 22 - 1, host: hostname(), started: '1', since: '2026-11-29T00:00:00.000Z' }
  writeFileSync(at('runs/interrupted/.run.lock'), JSON.stringify(dead))
  const { code, stderr } = await runHere(
    'train',
    '--output_dir',
    'runs/interrupted',
    '--resume_from_checkpoint',
    'latest',
  )
  expect(code).toBe(1)
  expect(stderr).toMatch(/runs.interrupted: locked by a run of spanforge 0.1.0 .*\n.*remove runs.interrupted..run.lock/)
})
