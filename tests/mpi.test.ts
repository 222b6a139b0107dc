import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, inject, onTestFinished, test, vi } from 'vitest'
import { openEngine } from '../src/runtime/registry.ts'
import { bundled } from './cli.ts'
import { hasEngine } from './engines.ts'
import { HubServer } from './hub-server.ts'
import { canUnshare, cli, describeMpi, errorsIn, launch, onHost, type RankCommand } from './mpi.ts'
import type { Differences } from './processes/train-recorded-on-ranks.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { exhaustiveOr, isExhaustive, isThorough, itInFull } from './thorough.ts'
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

const failAfter = new URL('processes/fail-after.mjs', import.meta.url).href

/** A rank that fails after a file exists: in a step, or once in a callback that nothing awaits. */
const failing = ({ argv }: RankCommand, place: string, file: string): RankCommand => ({
  argv: ['--import', failAfter, ...argv],
  setup: `export FAIL_AFTER='${file}' FAIL_AT=${place}`,
})

const hasBfloat16 = hasEngine('onednn') && (await openEngine('onednn')).precisions.includes('bfloat16')

describeMpi('training on several ranks', isThorough, (launcher) => {
  test('gives the log of one process with the same global batch', async () => {
    const steps = ['--max_steps', '20', '--eval_strategy', 'epoch', '--save_strategy', 'epoch']
    const accumulated = (each: number) => [...steps, '--gradient_accumulation_steps', String(each)]
    await alone(train('alone', 4, ...accumulated(2)))
    for (const ranks of exhaustiveOr([1, 2, 4], [2])) {
      const argv = train(`${ranks}`, 4 / ranks, ...accumulated(2))
      const { code, stderr } = await launch(launcher, [cli(argv)], ranks).ended
      expect(code, stderr).toBe(0)
      expectSameLog(`${ranks}`, 'alone')
      expect(readdirSync(at(`${ranks}`)).sort()).toEqual(readdirSync(at('alone')).sort())
    }
  })

  test('adds up and broadcasts arrays of several calls of MPI', async () => {
    const { code, stdout, stderr } = await launch(launcher, [{ argv: [bundled('sum-on-ranks')] }], 3).ended
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ float32: 0, bf16: 0, broadcast: 0 })
  })

  itInFull('a signal to one rank saves and stops all', async () => {
    const steps = ['--max_steps', '5000', '--save_strategy', 'steps', '--save_steps', '1000', '--eval_strategy', 'no']
    const { child, ended } = launch(launcher, [cli(train('stopped', 2, ...steps))], 2)
    await until(() => existsSync(at('stopped/log.jsonl')), child)
    process.kill(pidOfRank(1, 'stopped')!, 'SIGTERM')
    const { code, stderr } = await ended
    expect(code, stderr).not.toBe(0)
    expect(readdirSync(at('stopped')).filter((name) => name.startsWith('checkpoint-'))).toHaveLength(1)
  })

  itInFull('shows one dashboard, and Ctrl-C saves and stops all', async () => {
    const endless = ['--max_steps', '200000', '--reduce_dtype', 'bf16']
    const unsaved = ['--save_strategy', 'no', '--eval_strategy', 'no']
    const argv = train('stopped', 2, ...endless, ...unsaved, '--dashboard_port', '0')
    // Open MPI's mpirun waits for this time before it passes Ctrl-C on, and once more before it kills the ranks.
    const { child, ended } = launch(launcher, [cli(argv)], 2, { OMPI_MCA_odls_base_sigkill_timeout: '6' })
    let said = ''
    child.stdout!.on('data', (chunk) => {
      said += chunk
    })
    const address = () => /^Dashboard: (http:\S+\/)\S*\n/m.exec(said)?.[1]
    await until(() => address() !== undefined && existsSync(at('stopped/log.jsonl')), child)
    expect((await fetch(`${address()}api/dashboard`)).ok).toBe(true)
    child.kill('SIGINT')
    const { stdout } = await ended
    expect(stdout.match(/^Dashboard: /gm)).toHaveLength(1)
    expect(readdirSync(at('stopped')).filter((name) => name.startsWith('checkpoint-'))).toHaveLength(1)
    expect([0, 1].map((rank) => pidOfRank(rank, 'stopped'))).toEqual([undefined, undefined])
  })

  itInFull('a rank that fails ends the job with its message and exit code', async () => {
    const failsAt = async (place: string): Promise<void> => {
      const saved = ['--save_strategy', 'steps', '--save_steps', '5', '--save_total_limit', '2']
      const argv = train(place, 2, '--max_steps', '200000', '--eval_strategy', 'no', ...saved)
      const ended = await launch(launcher, [cli(argv), failing(cli(argv), place, at(`${place}/checkpoint-5`))]).ended
      expect(ended.code, ended.stderr).toBe(1)
      expect(errorsIn(ended), ended.stderr).toEqual([expect.stringContaining('the device was lost')])
      expect(ended.stderr).toContain('This error occurred on rank 1 (')
      expect(newestIn(place)).toBeGreaterThanOrEqual(5)
    }
    for (const place of exhaustiveOr(['step', 'once'], ['step'])) await failsAt(place)
  })
})

describeMpi('training on several ranks, in detail', isExhaustive, (launcher) => {
  itInFull('a killed rank ends all, and another number of ranks resumes', async () => {
    const steps = ['--max_steps', exhaustiveOr('400', '30'), '--save_strategy', 'steps', '--save_steps', '5']
    const limits = ['--eval_strategy', 'no', '--save_total_limit', '3']
    await alone(train('alone', 4, ...steps, ...limits))
    const resume = ['train', '--output_dir', at('killed'), '--resume_from_checkpoint', 'latest', '--quiet']
    const counts = [2, 3, 4, 1]
    for (let kills = 0; kills < exhaustiveOr(20, 1); ) {
      const argv =
        newestIn('killed') === 0 ? [...train('killed', 2, ...steps, ...limits), '--overwrite_output_dir'] : resume
      const ranks = counts[kills % counts.length]
      const { child, ended } = launch(launcher, [cli(argv)], ranks)
      const before = newestIn('killed')
      // While the ranks start, or after a checkpoint.
      if (kills % 2) await sleep(Math.random() * 2000)
      else await until(() => newestIn('killed') > before, child)
      await sleep(Math.random() * 100)
      const pid = pidOfRank(Math.floor(Math.random() * ranks), 'killed')
      if (pid === undefined) {
        child.kill('SIGKILL')
        await ended
        continue
      }
      process.kill(pid, 'SIGKILL')
      expect((await ended).code).not.toBe(0)
      kills++
    }
    const resumed = await launch(launcher, [cli(resume)], 3).ended
    expect(resumed.code, resumed.stderr).toBe(0)
    expectSameLog('killed', 'alone')
  })

  itInFull('downloads the model once a host, and repeats itself bit for bit', async () => {
    const hub = await HubServer.start()
    onTestFinished(() => hub.close())
    const files = readdirSync(tinyFolder).map((name) => [name, readFileSync(join(tinyFolder, name))])
    hub.add('model', 'ann/tiny').commit(Object.fromEntries(files))
    const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: at('cache-a'), HF_TOKEN: '', HF_HUB_OFFLINE: '' }
    const weightsOf = async (output_dir: string, ...more: string[]): Promise<Buffer> => {
      const rank = cli(train(output_dir, 2, '--model', 'ann/tiny', '--max_steps', '6', ...more))
      const elsewhere = canUnshare ? onHost('host-b', rank, `export HF_HUB_CACHE='${at('cache-b')}'`) : rank
      const { code, stderr } = await launch(launcher, [rank, rank, elsewhere], 1, env).ended
      expect(code, stderr).toBe(0)
      return readFileSync(join(at(output_dir), 'model.safetensors'))
    }
    const first = await weightsOf('first')
    const downloads = hub.requests.filter(({ method, url }) => method === 'GET' && url.startsWith('/content/'))
    expect(downloads).toHaveLength(canUnshare ? 2 : 1)
    const requests = hub.requests.length
    expect((await weightsOf('second', '--offline')).equals(first)).toBe(true)
    expect(logOf('second')).toEqual(logOf('first'))
    expect(hub.requests).toHaveLength(requests)
  })

  test.runIf(isThorough && hasBfloat16)('computes in bfloat16 like one process', async () => {
    const given = ['--engine', 'onednn', '--bf16', '--max_steps', '6']
    await alone(train('alone', 4, ...given))
    const { code, stderr } = await launch(launcher, [cli(train('2', 2, ...given))], 2).ended
    expect(code, stderr).toBe(0)
    const [losses, expected] = ['2', 'alone'].map((name) => logOf(name).flatMap(({ loss }) => loss ?? []))
    expect(losses).toHaveLength(6)
    // The passes of the ranks are other ones, whose products are rounded differently.
    for (const [i, loss] of losses.entries()) expect(Math.abs(loss - expected[i])).toBeLessThan(0.01)
  })

  test.runIf(isExhaustive)(
    'ends in time on two hosts, with frozen layers, the best model and gradients in bfloat16',
    async () => {
      const frozen = ['--freeze_layers', '1', '--reduce_dtype', 'bf16', '--max_minutes', '0.1']
      const best = ['--num_train_epochs', '10000', '--eval_strategy', 'steps', '--eval_steps', '0.5']
      const saved = ['--save_steps', '0.5', '--load_best_model_at_end']
      const started = performance.now()
      const rank = cli(train('timed', 2, ...frozen, ...best, ...saved))
      const elsewhere = canUnshare ? onHost('host-b', rank) : rank
      const { code, stderr } = await launch(launcher, [rank, rank, elsewhere]).ended
      expect(code, stderr).toBe(0)
      expect(performance.now() - started).toBeLessThan(60_000)
      expect(readdirSync(at('timed')).filter((name) => name.startsWith('.'))).toEqual([])
      expect(logOf('timed').some((entry) => 'eval_f1' in entry)).toBe(true)
    },
  )
})

describeMpi('recorded gradients and steps of torch', isExhaustive, (launcher) => {
  itInFull('are those of the ranks together, on every engine', async () => {
    const engines = ['onnxruntime', 'openvino', 'onednn'].filter(hasEngine)
    const script = fileURLToPath(new URL('processes/train-recorded-on-ranks.ts', import.meta.url))
    const argv = ['--import', import.meta.resolve('tsx'), script, JSON.stringify(engines)]
    for (const ranks of exhaustiveOr([1, 2, 4], [2])) {
      const { code, stdout, stderr } = await launch(launcher, [{ argv }], ranks).ended
      expect(code, stderr).toBe(0)
      const found: Record<string, Differences> = JSON.parse(stdout)
      expect(Object.keys(found)).toEqual(engines)
      for (const { gradient, loss, norm } of Object.values(found)) {
        // The same limits as for one process.
        expect(gradient).toBeLessThan(2e-6)
        expect(loss).toBeLessThan(2e-6)
        expect(norm).toBeLessThan(2.4e-6)
      }
    }
  })
})
