import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runHere } from '../../../tests/run-here.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { tinyTraining } from '../../../tests/tiny-run.ts'
import { tinyFolder, writeTinySquad } from '../../../tests/tiny-squad.ts'
import type { TrainingEvent } from '../../training/loop/events.ts'
import { runSweep } from './sweep.ts'

const settings = { max_steps: 4, save_steps: 2 }
const sweepArgv = (folder: string, ...more: string[]) => ['sweep', ...tinyTraining(folder, settings).slice(1), ...more]

describe('spanforge sweep', () => {
  test('trains every combination, ranks the runs, and writes a table, a plot and a page', async () => {
    const folder = temporaryFolder()
    const argv = sweepArgv(folder, '--grid', 'learning_rate=1e-3,1e-5', '--grid', 'seed=1', '--json')
    const { code, stdout, stderr } = await runHere(...argv)
    expect(code, stderr).toBe(0)
    const sweep = JSON.parse(stdout)
    expect(sweep).toEqual(JSON.parse(readFileSync(join(folder, 'out/sweep.json'), 'utf8')))
    expect(sweep).toMatchObject({
      parameters: ['learning_rate', 'seed'],
      metric: 'eval_loss',
      greater_is_better: false,
    })
    const losses = sweep.trials.map(({ metrics }: { metrics: Record<string, number> }) => metrics.eval_loss)
    expect(losses).toEqual([...losses].sort((a, b) => a - b))
    expect(readdirSync(join(folder, 'out')).sort()).toEqual([
      'learning_rate=0.001,seed=1',
      'learning_rate=1e-5,seed=1',
      'parallel_coordinates.png',
      'parallel_coordinates.svg',
      'sweep.html',
      'sweep.json',
    ])
    const page = readFileSync(join(folder, 'out/sweep.html'), 'utf8')
    expect(page).toContain('2 of 2 runs are finished')
    expect(page).toContain('<figure role="img"')

    // The same command again trains nothing.
    const before = statSync(join(folder, 'out/learning_rate=0.001,seed=1/all_results.json')).mtimeMs
    const again = await runHere(...argv)
    expect(JSON.parse(again.stdout)).toEqual(sweep)
    expect(statSync(join(folder, 'out/learning_rate=0.001,seed=1/all_results.json')).mtimeMs).toBe(before)

    // Other arguments for the same folders are rejected.
    const other = await runHere(...argv, '--weight_decay', '0.5')
    expect(other.code).toBe(2)
    expect(other.stderr).toMatch(/contains a run with other arguments: weight_decay 0.5 \(was 0\)/)
  })

  test('resumes an interrupted run, and records a failed one', async () => {
    const folder = temporaryFolder()
    const given = {
      ...settings,
      model: tinyFolder,
      train_file: writeTinySquad(folder, 'train.json', 24),
      validation_file: writeTinySquad(folder, 'dev.json', 8, 100),
      output_dir: join(folder, 'out'),
      max_seq_length: 48,
      doc_stride: 8,
    }
    const trials = [{ learning_rate: 1e-4 }, { learning_rate: 1e30 }]
    const controller = new AbortController()
    const stop = (event: TrainingEvent) => void (event.type === 'step' && event.global_step === 3 && controller.abort())
    const first = await runSweep(given, trials, { control: { signal: controller.signal }, listeners: [stop] })
    expect(first.status).toBe('interrupted')
    expect(first.sweep.trials.map(({ status }) => status)).toEqual(['not run yet', 'not run yet'])

    const starts: number[] = []
    const listen = (event: TrainingEvent) => void (event.type === 'start' && starts.push(event.global_step))
    const { status, sweep } = await runSweep(given, trials, { listeners: [listen] })
    expect(status).toBe('finished')
    expect(starts).toEqual([3, 0])
    expect(sweep.trials.map(({ values, status }) => [values.learning_rate, status])).toEqual([
      [1e-4, 'finished'],
      [1e30, 'failed'],
    ])
    expect(sweep.trials[1].error).toMatch(/not a number|NaN|finite/)
  })

  test('requires validation data and a folder without other files', async () => {
    const folder = temporaryFolder()
    const grid = ['--grid', 'seed=1,2']
    const blind = [
      'sweep',
      '--model',
      tinyFolder,
      '--train_file',
      'x.json',
      '--output_dir',
      join(folder, 'out'),
      ...grid,
    ]
    expect(await runHere(...blind)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('set dataset or validation_file'),
    })
    const foreign = sweepArgv(folder, ...grid, '--output_dir', tinyFolder)
    expect(await runHere(...foreign)).toMatchObject({ code: 2, stderr: expect.stringContaining('contains no sweep') })
  })

  test.each(['{"method": "bayes"}', 'program: train.py'])(
    'leaves a sweep.json of another program alone: %s',
    async (text) => {
      const folder = temporaryFolder()
      mkdirSync(join(folder, 'out'))
      writeFileSync(join(folder, 'out/sweep.json'), text)
      const { code, stderr } = await runHere(...sweepArgv(folder, '--grid', 'seed=1,2'))
      expect([code, stderr]).toEqual([2, expect.stringContaining('not empty and contains no sweep: sweep.json')])
      expect(readFileSync(join(folder, 'out/sweep.json'), 'utf8')).toBe(text)
    },
  )

  test('names mutually exclusive arguments once, before the first run', async () => {
    const folder = temporaryFolder()
    const argv = sweepArgv(folder, '--grid', 'seed=1,2', '--warmup_steps', '1', '--warmup_ratio', '0.1')
    const { code, stdout, stderr } = await runHere(...argv)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr.match(/mutually exclusive/g)).toHaveLength(1)
    expect(existsSync(join(folder, 'out'))).toBe(false)
  })
})
