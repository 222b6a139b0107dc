import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { HubServer } from '../../../tests/hub-server.ts'
import { BERT, hubWorld } from '../../../tests/hub-world.ts'
import { madeUpExamples, squadParquet } from '../../../tests/squad-parquet.ts'
import { cacheCommand } from './cache.ts'
import { downloadCommand } from './download.ts'
import { pushCommand } from './push.ts'

const world = hubWorld((server) => {
  server.add('model', 'ann/bert').commit(BERT)
  const parquet = squadParquet(madeUpExamples(5))
  server.add('dataset', 'ann/squad').commit({ 'data/train-0.parquet': parquet, 'data/validation-0.parquet': parquet })
})
let printed = ''

beforeEach(() => {
  vi.stubEnv('HF_ENDPOINT', world.server.endpoint)
  vi.stubEnv('HF_HUB_CACHE', world.cache)
  vi.stubEnv('HF_TOKEN', HubServer.TOKEN)
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text
    return true
  })
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

/** Runs a command and returns its standard output. */
async function run(command: Command, ...args: string[]): Promise<string> {
  printed = ''
  await command.exitOverride().parseAsync(args, { from: 'user' })
  return printed
}
const runJson = async (command: Command, ...args: string[]) => JSON.parse(await run(command, ...args, '--json'))

it('download fetches a model and prints its folder', async () => {
  const { folder } = await runJson(downloadCommand(), 'ann/bert')
  expect(folder).toContain(join(world.cache, 'models--ann--bert/snapshots'))
  expect(await run(downloadCommand(), 'ann/bert', '--offline')).toBe(`${folder}\n`)
})

it('download fetches the splits of a dataset', async () => {
  const { files } = await runJson(downloadCommand(), 'ann/squad', '--dataset')
  expect(files).toEqual([expect.stringMatching(/train-0\.parquet$/), expect.stringMatching(/validation-0\.parquet$/)])
})

it('cache ls, verify and prune', async () => {
  expect(await run(cacheCommand(), 'ls')).toBe(`The cache is empty.\n0 B in ${world.cache}\n`)
  const { folder } = await runJson(downloadCommand(), 'ann/bert')
  expect(await run(cacheCommand(), 'ls')).toMatch(/ann\/bert +model +30\d\.\d kB +main +[0-9a-f]{8} +4\n30\d\.\d kB in/)
  expect(await runJson(cacheCommand(), 'verify')).toMatchObject({ sound: 4, faults: [] })
  await writeFile(join(folder, 'vocab.txt'), 'changed')
  await expect(run(cacheCommand(), 'verify')).rejects.toThrow(/cache: corrupted files: 1[\s\S]*verify --remove/)
  expect(printed).toMatch(/ann\/bert: .*: its hash is [0-9a-f]{40}\nintact files: 3, corrupted: 1/)
  expect(await runJson(cacheCommand(), 'verify', '--remove')).toMatchObject({ removed: true })
  expect(await runJson(cacheCommand(), 'prune', '--dry_run')).toEqual({ removed: [], busy: [], size: 0, dry_run: true })
})

it('push shows what it would upload, and uploads it', async () => {
  const folder = join(world.cache, 'run')
  await mkdir(folder)
  await writeFile(join(folder, 'config.json'), '{}')
  expect(await run(pushCommand(), folder, 'ann/pushed', '--dry_run')).toMatch(
    /config\.json +2 B\nfiles: 1, 2 B\nThe folder has no model card/,
  )
  await writeFile(join(folder, 'dashboard.jsonl'), 'questions')
  const shown = await run(pushCommand(), folder, 'ann/pushed', '--dry_run')
  expect(shown).toMatch(/files: 1, 2 B\n[\s\S]*Not uploaded: dashboard\.jsonl\. Use --include to upload them/)
  const asked = ['--dry_run', '--include', 'dash*', '--include', 'config.json']
  expect(await runJson(pushCommand(), folder, 'ann/pushed', ...asked)).toMatchObject({ left_out: [], size: 11 })
  expect(world.server.requests).toEqual([])
  expect(await runJson(pushCommand(), folder, 'ann/pushed')).toMatchObject({
    uploaded: [{ path: 'config.json', size: 2 }],
    url: expect.stringContaining('/ann/pushed/commit/'),
  })
})
