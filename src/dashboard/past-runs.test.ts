import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { evaluateRecord, startRecord, stepsRecord } from '../../tests/run-records.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { acquireRunLock } from '../training/checkpoints/run-lock.ts'
import { PastRuns } from './past-runs.ts'

/** Creates a folder with the given files, each a string or a value to write as JSON. */
function folderOf(files: Readonly<Record<string, unknown>>): PastRuns {
  const folder = temporaryFolder()
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return new PastRuns(folder, 3)
}

const log_history = [
  { step: 6, epoch: 1, loss: 3 },
  { step: 6, epoch: 1, eval_loss: 2, eval_exact_match: 40, eval_f1: 50 },
  { step: 12, epoch: 2, eval_loss: 2.5, eval_exact_match: 45, eval_f1: 55 },
]
const state = { global_step: 12, max_steps: 12, best_global_step: 6, best_metric: 2, log_history }
const lines = (...records: unknown[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('')

test('finds runs in nested folders, but does not search inside runs', async () => {
  const runs = folderOf({
    'a/training_args.json': {},
    'sweep/lr=1/training_args.json': {},
    'sweep/sweep.json': {},
    'a/runs/events/training_args.json': {},
    'python/checkpoint-3/trainer_state.json': state,
    'node_modules/x/training_args.json': {},
    'data/train.json': {},
  })
  expect((await runs.list()).map(({ id }) => id).sort()).toEqual(['a', 'python', join('sweep', 'lr=1')])
})

test('lists a finished run with the scores of its best evaluation, also if written by transformers', async () => {
  const runs = folderOf({ 'a/trainer_state.json': { ...state, stateful_callbacks: 7 }, 'a/all_results.json': {} })
  const [entry] = await runs.list()
  expect(entry).toMatchObject({ id: 'a', status: 'finished', step: 12, max_steps: 12, best_step: 6, problems: [] })
  expect(entry.scores).toEqual({ loss: 2, exact_match: 40, f1: 50 })
  expect((await runs.find('a'))!.view.log).toEqual(log_history)
})

test('shows the error of a failed run, even if an earlier session left results', async () => {
  const runs = folderOf({
    'a/training_args.json': {},
    'a/all_results.json': {},
    'a/failure.json': { error: 'training: step 3: the loss is NaN', at: '2026-01-01T00:00:00.000Z' },
  })
  const { view } = (await runs.find('a'))!
  expect(view).toMatchObject({ status: 'failed', message: 'training: step 3: the loss is NaN' })
})

test('reads an interrupted run from its newest readable checkpoint', async () => {
  const runs = folderOf({
    'a/training_args.json': { seed: 3 },
    'a/checkpoint-12/trainer_state.json': '{"global_step": 12, "max',
    'a/checkpoint-6/trainer_state.json': { ...state, global_step: 6, log_history: log_history.slice(0, 2) },
  })
  const { view, problems } = (await runs.find('a'))!
  expect(view).toMatchObject({ status: 'interrupted', step: 6, arguments: { seed: 3 } })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain('checkpoint-12')
})

test('reads steps and questions from the journal, and later entries from the log', async () => {
  const runs = folderOf({
    'a/dashboard.jsonl': lines(startRecord(), stepsRecord(1, 6), evaluateRecord(6, true)),
    'a/trainer_state.json': state,
  })
  const { view } = (await runs.find('a'))!
  expect(view.steps.step).toEqual([1, 2, 3, 4, 5, 6])
  expect(view.evaluations).toHaveLength(1)
  expect(view.log).toEqual(log_history)
})

test('ignores the truncated last line of a journal', async () => {
  const text = lines(startRecord(), stepsRecord(1, 6))
  const runs = folderOf({ 'a/dashboard.jsonl': text + text.slice(0, 30), 'a/training_args.json': {} })
  expect(await runs.find('a')).toMatchObject({ problems: [], view: { step: 6, status: 'interrupted' } })
})

test('reports corrupted files, shows the readable rest and lists the other runs', async () => {
  const runs = folderOf({
    'bad/training_args.json': '{"seed": ',
    'bad/trainer_state.json': '[]',
    'bad/log.jsonl': 'no json\n',
    'bad/all_results.json': '"text"',
    'bad/dashboard.jsonl': `${lines(startRecord(), stepsRecord(1, 3))}{"type":"steps","step":[1]}\n`,
    'good/training_args.json': {},
  })
  const entries = await runs.list()
  expect(entries.map(({ id }) => id).sort()).toEqual(['bad', 'good'])
  const { problems, step } = entries.find(({ id }) => id === 'bad')!
  expect(step).toBe(3)
  for (const name of ['training_args.json', 'trainer_state.json', 'log.jsonl', 'all_results.json', 'dashboard.jsonl'])
    expect(problems.join('\n')).toContain(name)
  expect(problems).toHaveLength(5)
})

test('shows a run of another process as running and rereads it when it has changed', async () => {
  const runs = folderOf({ 'a/training_args.json': {}, 'a/log.jsonl': lines(log_history[0]) })
  const lock = await acquireRunLock(join(runs.folder, 'a'))
  expect((await runs.list())[0]).toMatchObject({ status: 'running', step: 6 })
  writeFileSync(join(runs.folder, 'a/log.jsonl'), lines(...log_history))
  expect((await runs.list())[0]).toMatchObject({ status: 'running', step: 12 })
  lock.release()
  expect((await runs.list())[0]).toMatchObject({ status: 'interrupted' })
})

test('malicious run folders do not break, block or inflate the list', async () => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000)
  const keys = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`key${i}`, 'x'.repeat(50)]))
  const runs = folderOf({
    'deep/training_args.json': `{"seed": ${deep}}`,
    'deep/dashboard.jsonl': `{"type": "setup", "at": 0, "arguments": {"a": ${deep}}, "questions": []}\n`,
    'shallow/training_args.json': `{"nested": ${'['.repeat(60)}${']'.repeat(60)}, "long": "${'x'.repeat(1e6)}"}`,
    'wide/training_args.json': keys,
    'wide/trainer_state.json': { ...state, log_history: Array.from({ length: 1000 }, () => ({})) },
    'pipe/trainer_state.json': state,
    'good/training_args.json': { seed: 3, names: ['a', 'b'] },
  })
  for (const name of ['training_args.json', 'log.jsonl', '.spanforge-lock'])
    execFileSync('mkfifo', [join(runs.folder, 'pipe', name)])
  const entries = await runs.list()
  expect(entries.map(({ id }) => id).sort()).toEqual(['deep', 'good', 'pipe', 'shallow', 'wide'])
  const entry = (id: string) => entries.find((one) => one.id === id)!
  expect(entry('good').arguments).toEqual({ seed: 3, names: ['a', 'b'] })
  expect(entry('deep').problems.join('\n')).toMatch(
    /training_args.json: found JSON that is too complex: nested deeper than 100 levels/,
  )
  expect(entry('shallow').arguments.nested).toBe('[[[[…]]]]')
  expect(entry('pipe').problems.join('\n')).toContain('training_args.json: found a named pipe (FIFO)')
  for (const { problems } of entries) for (const problem of problems) expect(problem.length).toBeLessThan(1100)
  expect(JSON.stringify(entries).length).toBeLessThan(100_000)
})
