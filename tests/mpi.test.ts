import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, expect, inject, onTestFinished, test, vi } from 'vitest'
import { describeMpi, type Launcher, MPI_ENV } from './mpi.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { exhaustiveOr } from './thorough.ts'
import { tinyFolder, writeTinySquad } from './tiny-squad.ts'

// Processes take seconds on an idle machine and minutes on a busy one.
vi.setConfig({ testTimeout: 600_000 })

let folder: string
const at = (name: string) => join(folder, name)

beforeEach(() => {
  folder = temporaryFolder()
  writeTinySquad(folder, 'train.json', 40)
  writeTinySquad(folder, 'dev.json', 12, 3)
})

const train = (output_dir: string, batch: number, ...more: string[]): string[] => [
  ...['train', '--model', tinyFolder, '--train_file', at('train.json'), '--validation_file', at('dev.json')],
  ...['--output_dir', at(output_dir), '--per_device_train_batch_size', String(batch)],
  ...['--max_seq_length', '48', '--doc_stride', '8', '--logging_steps', '1', '--learning_rate', '1e-3', '--quiet'],
  ...more,
]

interface Ended {
  readonly code: number | null
  readonly stderr: string
}

/** Starts the command lines as ranks: a single one on `ranks` of them, or each on one. */
function launch(launcher: Launcher, commands: readonly (readonly string[])[], ranks = 1) {
  const [program, ...args] = launcher
  const each = commands.map((argv) => ['-n', String(ranks), process.execPath, inject('cli'), ...argv])
  const all = each.flatMap((one, i) => (i === 0 ? one : [':', ...one]))
  const child = spawn(program, [...args, ...all], { env: { ...process.env, ...MPI_ENV, NO_COLOR: '1' } })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdout.resume()
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  const ended = Promise.all([text(child.stderr), closed]).then(([stderr, code]): Ended => ({ stderr, code }))
  return { child, ended }
}

async function alone(argv: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [inject('cli'), ...argv], { stdio: 'ignore' })
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0)
}

/** The log of a run: losses, norms, learning rates and evaluations by step. */
function logOf(output_dir: string): Record<string, number>[] {
  const { log_history } = JSON.parse(readFileSync(join(at(output_dir), 'trainer_state.json'), 'utf8'))
  return log_history.map((entry: Record<string, number>) =>
    Object.fromEntries(Object.entries(entry).filter(([name]) => !/runtime|per_second/.test(name))),
  )
}

function expectSameLog(output_dir: string, other: string): void {
  const [log, expected] = [logOf(output_dir), logOf(other)]
  expect(log.map((entry) => Object.keys(entry))).toEqual(expected.map((entry) => Object.keys(entry)))
  // Losses are logged with four decimals.
  for (const [i, entry] of log.entries())
    for (const [name, value] of Object.entries(entry))
      expect(Math.abs(value - expected[i][name]), `${name} of step ${entry.step}`).toBeLessThan(1.1e-4)
}

const errorsIn = ({ stderr }: Ended): string[] => stderr.split('\n').filter((line) => line.includes('error: '))

async function until(condition: () => boolean, child: ChildProcess): Promise<void> {
  while (!condition() && child.exitCode === null) await sleep(5)
}

/** The step of the newest checkpoint. */
const newestIn = (output_dir: string): number =>
  existsSync(at(output_dir))
    ? Math.max(0, ...readdirSync(at(output_dir)).map((name) => Number(/^checkpoint-(\d+)$/.exec(name)?.[1] ?? 0)))
    : 0

/** The process of a rank of a run. */
function pidOfRank(rank: number, output_dir: string): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        const [command, env] = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'utf8'))
        const isRank = [`OMPI_COMM_WORLD_RANK=${rank}`, `PMI_RANK=${rank}`].some((one) => env.split('\0').includes(one))
        return isRank && command.includes(at(output_dir))
      } catch {
        return false
      }
    })
}

describeMpi('training on several ranks', (launcher) => {
  test('gives the log of one process with the same global batch', async () => {
    const save = ['--eval_strategy', 'epoch', '--save_strategy', 'epoch', '--num_train_epochs', '2']
    await alone(train('alone', 8, ...save))
    for (const ranks of exhaustiveOr([2, 4], [2])) {
      const { code, stderr } = await launch(launcher, [train(`${ranks}`, 8 / ranks, ...save)], ranks).ended
      expect(code, stderr).toBe(0)
      expectSameLog(`${ranks}`, 'alone')
      expect(readdirSync(at(`${ranks}`)).sort()).toEqual(readdirSync(at('alone')).sort())
    }
  })

  test('a killed rank ends all, and another number of ranks resumes', async () => {
    const steps = ['--max_steps', exhaustiveOr('1000', '30'), '--save_strategy', 'steps', '--save_steps', '5']
    const limits = ['--eval_strategy', 'no', '--save_total_limit', '3']
    await alone(train('alone', 4, ...steps, ...limits))
    const resume = ['train', '--output_dir', at('killed'), '--resume_from_checkpoint', 'latest', '--quiet']
    let kills = 0
    for (let i = 0; i < exhaustiveOr(20, 1) && !existsSync(at('killed/report.html')); i++) {
      const argv = i === 0 ? train('killed', 2, ...steps, ...limits) : resume
      const { child, ended } = launch(launcher, [argv], 2 + (i % 2))
      const before = newestIn('killed')
      await until(() => newestIn('killed') > before, child)
      await sleep(Math.random() * 100)
      const pid = pidOfRank(i % 2, 'killed')
      if (pid) process.kill(pid, 'SIGKILL')
      const { code } = await ended
      if (code !== 0) kills++
    }
    expect(kills).toBeGreaterThan(0)
    const resumed = await launch(launcher, [resume], 3).ended
    expect(resumed.code, resumed.stderr).toBe(0)
    expectSameLog('killed', 'alone')
  })

  test('a signal to one rank saves and stops all', async () => {
    const steps = ['--max_steps', '5000', '--save_strategy', 'steps', '--save_steps', '1000', '--eval_strategy', 'no']
    const { child, ended } = launch(launcher, [train('stopped', 2, ...steps)], 2)
    await until(() => existsSync(at('stopped/log.jsonl')), child)
    process.kill(pidOfRank(1, 'stopped')!, 'SIGTERM')
    expect((await ended).code).not.toBe(0)
    expect(readdirSync(at('stopped')).filter((name) => name.startsWith('checkpoint-'))).toHaveLength(1)
  })

  test.each<[string, (() => string[])[], string]>([
    ['other arguments', [() => train('x', 2), () => train('x', 2, '--seed', '1')], 'seed 1 instead of 42'],
    [
      'a missing file on one host',
      [() => train('x', 2), () => train('x', 2, '--train_file', at('missing.json'))],
      `missing.json: no such file`,
    ],
    [
      'an invalid argument',
      [() => train('x', 2, '--max_minutes', '1'), () => train('x', 2, '--max_minutes', '1')],
      'max_minutes is not supported',
    ],
  ])('rejects %s with one message', async (_, commands, message) => {
    const ended = await launch(
      launcher,
      commands.map((one) => one()),
    ).ended
    expect(ended.code).not.toBe(0)
    expect(errorsIn(ended)).toEqual([expect.stringContaining(message)])
    expect(existsSync(at('x'))).toBe(false)
  })
})

describeMpi('ranks whose library is missing', (launcher) => {
  test('end with one message', async () => {
    vi.stubEnv('SPANFORGE_MPI', '/nowhere/libmpi.so')
    const ended = await launch(launcher, [train('x', 2)], 2).ended
    vi.unstubAllEnvs()
    expect(ended.code).not.toBe(0)
    expect(errorsIn(ended)).toEqual([expect.stringContaining('/nowhere/libmpi.so: cannot be loaded as an MPI library')])
  })
})
