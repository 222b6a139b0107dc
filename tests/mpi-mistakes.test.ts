/** Mistakes on a cluster: one rank reports them, and all end. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, expect, inject, onTestFinished, test, vi } from 'vitest'
import { canUnshare, cli, describeMpi, errorsIn, launch, onHost, type RankCommand } from './mpi.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { exhaustiveOr, isExhaustive, itInFull } from './thorough.ts'
import { tinyFolder, writeTinySquad } from './tiny-squad.ts'

vi.setConfig({ testTimeout: 600_000 })

let folder: string
const at = (name: string) => join(folder, name)

beforeEach(() => {
  folder = temporaryFolder()
  writeTinySquad(folder, 'train.json', 40)
})

/** Trains on train.json, or on the file that more arguments name. */
const train = (output_dir: string, ...more: string[]): string[] => [
  ...['train', '--model', tinyFolder, '--train_file', at('train.json'), '--output_dir', at(output_dir)],
  ...['--per_device_train_batch_size', '2', '--max_seq_length', '48', '--doc_stride', '8', '--quiet', ...more],
]

/** A rank whose current folder is on its own host. */
const inFolder = (name: string, argv: readonly string[]): RankCommand => ({ ...cli(argv), setup: `cd '${at(name)}'` })

describeMpi('a mistake', isExhaustive, (launcher) => {
  const failed = async (code: number, commands: readonly RankCommand[], ranks = 1, env = {}): Promise<string> => {
    const ended = await launch(launcher, commands, ranks, env).ended
    expect(ended.code, ended.stderr).toBe(code)
    const errors = errorsIn(ended)
    expect(errors, ended.stderr).toHaveLength(1)
    return errors[0]
  }

  test('in the arguments of a rank', async () => {
    expect(await failed(2, [cli(train('x')), cli(train('x', '--seed', '1'))])).toMatch(/rank 1 .*seed 1 instead of 42/)
    expect(existsSync(at('x'))).toBe(false)
  })

  itInFull('in the data of a host: a missing file, or another one', async () => {
    const argv = train('x', '--train_file', 'own.json')
    for (const name of ['a', 'b', 'c']) mkdirSync(at(name))
    writeTinySquad(at('a'), 'own.json', 40)
    writeTinySquad(at('c'), 'own.json', 40, 1)
    expect(await failed(2, [inFolder('a', argv), inFolder('b', argv)])).toMatch(/rank 1 .*own\.json: no such file/)
    expect(await failed(2, [inFolder('a', argv), inFolder('c', argv)])).toMatch(/rank 1 .*other train questions/)
    expect(existsSync(at('x'))).toBe(false)
  })

  itInFull('in the version of a host', async () => {
    const own = dirname(dirname(inject('cli')))
    const other = `${own}-other`
    onTestFinished(() => rmSync(other, { recursive: true, force: true }))
    cpSync(own, other, { recursive: true })
    const description = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8'))
    writeFileSync(join(other, 'package.json'), JSON.stringify({ ...description, version: '9.9.9' }))
    const argv = train('x')
    expect(await failed(2, [cli(argv), { argv: [join(other, 'dist/main.js'), ...argv] }])).toMatch(
      `spanforge "9.9.9" instead of "${description.version}"`,
    )
    expect(existsSync(at('x'))).toBe(false)
  })

  test('in the installation: no library', async () => {
    expect(await failed(1, [cli(train('x'))], 2, { SPANFORGE_MPI: '/nowhere/libmpi.so' })).toContain(
      '/nowhere/libmpi.so: cannot be loaded as an MPI library',
    )
  })

  itInFull('in the folder: two runs', async () => {
    const first = launch(launcher, [cli(train('x', '--max_steps', '100000'))], 2)
    while (!existsSync(at('x/log.jsonl')) && first.child.exitCode === null) await sleep(100)
    expect(await failed(1, [cli(train('x', '--overwrite_output_dir'))], 2)).toContain('x: in use by another run')
    expect(first.child.exitCode).toBe(null)
    first.child.kill('SIGTERM')
    await first.ended
  })

  test.each(exhaustiveOr(['evaluate', 'predict', 'sweep'], ['evaluate']))(
    'in the command: %s on ranks',
    async (command) => {
      const data = ['--model', tinyFolder, ...(command === 'predict' ? ['--input'] : ['--data']), at('train.json')]
      const argv = [
        command,
        ...(command === 'sweep' ? [] : data),
        ...(command === 'predict' ? ['--output', at('x')] : []),
      ]
      const ended = await launch(launcher, [cli(argv)], 2).ended
      expect(ended.code, ended.stderr).toBe(2)
      expect(errorsIn(ended)).toEqual([
        expect.stringContaining(`${command}: the ranks of mpirun would all do the same`),
      ])
      expect(ended.stderr).toContain('--shard 1/2 to --shard 2/2')
    },
  )

  const full = canUnshare ? itInFull : test.skip
  if (!canUnshare) console.warn('SKIPPED (needs the right to mount file systems): full disks of ranks')

  const onFullDisk = (host: string, argv: readonly string[]): RankCommand =>
    onHost(host, cli(argv), `mount -t tmpfs -o size=64k tmpfs '${at('out')}'`)

  full('in space: a full disk on the host of rank 2', async () => {
    mkdirSync(at('out'))
    const argv = train('out', '--freeze_layers', '1')
    const error = await failed(1, [cli(argv), cli(argv), onFullDisk('host-b', argv)])
    expect(error).toMatch(/rank 2 \(host-b\): .*\.frozen-layers-2\.bin: cannot be written \(ENOSPC/)
    expect(JSON.parse(readFileSync(at('out/failure.json'), 'utf8')).error).toContain('rank 2 (host-b)')
  })

  test.runIf(isExhaustive && canUnshare)('in space: a full disk of the rank that saves', async () => {
    mkdirSync(at('out'))
    const argv = train('out', '--save_steps', '2')
    expect(await failed(1, [onFullDisk('host-a', argv), cli(argv)])).toMatch(/cannot be written \(ENOSPC/)
  })
})
