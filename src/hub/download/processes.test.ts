import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { bundledScript } from '../../../tests/bundled-script.ts'
import { BERT, bytes, hubWorld } from '../../../tests/hub-world.ts'
import { thoroughOr } from '../../../tests/thorough.ts'
import { digestLike } from '../cache/cached-repository.ts'
import { findPrunable, prune } from '../cache/upkeep.ts'
import { resolveModel } from './models.ts'

const KILLS = thoroughOr(20, 3)
const ROUNDS = thoroughOr(100, 8)
const FILES = {
  'config.json': JSON.stringify({ model_type: 'bert', comment: 'x'.repeat(20_000) }),
  'vocab.txt': ['[PAD]', '[UNK]', '[CLS]', '[SEP]', ...Array(10_000).keys()].join('\n'),
  'model-00001-of-00002.safetensors': bytes(900_000, 6),
  'model-00002-of-00002.safetensors': bytes(300_000, 7),
  'model.safetensors.index.json': '{}',
}
const world = hubWorld((server) => {
  server.add('model', 'ann/bert').commit(FILES)
})

let script = ''
let pruneScript = ''
beforeAll(async () => {
  const bundled = await Promise.all(['hub-download-child.ts', 'hub-prune-child.ts'].map(bundledScript))
  ;[script, pruneScript] = bundled.map(({ script }) => script)
  return () => Promise.all(bundled.map(({ folder }) => rm(folder, { recursive: true })))
})

/** Starts a process that waits for the signal to download. */
function ready(): ChildProcess {
  const env = { ...process.env, HF_ENDPOINT: world.server.endpoint, HF_HUB_CACHE: world.cache, HF_TOKEN: '' }
  return spawn(process.execPath, [script, 'ann/bert'], { env, stdio: ['pipe', 'pipe', 'inherit'] })
}

function download(child: ChildProcess): ChildProcess {
  child.stdin!.write('go')
  return child
}

const folderOf = async (child: ChildProcess): Promise<string> => (await text(child.stdout!)).trim()

async function expectFiles(folder: string) {
  for (const [name, content] of Object.entries(FILES))
    expect((await readFile(join(folder, name))).equals(Buffer.from(content)), name).toBe(true)
}

async function unfinishedBytes(): Promise<number> {
  const paths = (await world.files()).filter((path) => path.endsWith('.incomplete'))
  const sizes = await Promise.all(
    paths.map((path) =>
      stat(join(world.cache, path)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

const resumptions = () => world.downloads.filter((request) => / bytes=/.test(request)).length

/** Expects that every file with a final name is complete. */
async function expectOnlyWholeFiles() {
  const blobs = join(world.cache, 'models--ann--bert/blobs')
  for (const name of await readdir(blobs).catch(() => [])) {
    if (name.endsWith('.incomplete')) continue
    const content = await readFile(join(blobs, name))
    expect(digestLike(name, content.length).update(content).digest('hex')).toBe(name)
  }
  const { size } = new Set((await world.files()).filter((path) => /snapshots\/\w+\//.test(path)))
  expect(size).toBeLessThanOrEqual(Object.keys(FILES).length)
}

it(`a download killed at ${KILLS} random instants and resumed gives identical bytes`, {
  timeout: 300_000,
}, async () => {
  const waiting = [ready(), ready()]
  let resumed = 0
  // Also until bytes of a killed download have been on disk, which the next one resumes.
  for (let kill = 0; kill < KILLS || resumed === 0; kill++) {
    waiting.push(ready())
    const child = waiting.shift()!
    const ended = once(child, 'close')
    const stallAfter = 1 + Math.floor(Math.random() * 40_000)
    const stalled = new Promise<void>((resolve) => {
      world.server.misbehave(/vocab|config|content/, { stallAfter, onStall: resolve }, 100)
    })
    download(child)
    await Promise.race([stalled, ended])
    // Odd rounds kill at a random moment after the bytes were sent, even rounds once the first bytes are on disk (or
    // after 300 ms, because small amounts are not written separately).
    if (kill % 2) await sleep(Math.random() * 30)
    else for (let i = 0; i < 30 && child.exitCode === null && (await unfinishedBytes()) === 0; i++) await sleep(10)
    child.kill('SIGKILL')
    await ended
    await expectOnlyWholeFiles()
    resumed += resumptions()
    world.server.reset()
  }
  await expectFiles(await folderOf(download(waiting.shift()!)))
  for (const child of waiting) child.kill()
  expect((await world.files()).filter((path) => /incomplete|\.lock$/.test(path))).toEqual([])
})

it('two concurrent processes download each file once', { timeout: 300_000 }, async () => {
  world.server.misbehave(/content/, { slow: true }, 10)
  const folders = await Promise.all([ready(), ready()].map((child) => folderOf(download(child))))
  expect(folders[0]).toBe(folders[1])
  await expectFiles(folders[0])
  expect(world.downloads.filter((url) => url.startsWith('/content/'))).toHaveLength(2)
})

it('prune skips a repository while another process downloads it', { timeout: 300_000 }, async () => {
  const stalled = new Promise<void>((onStall) => {
    world.server.misbehave(/content/, { stallAfter: 20_000, onStall }, 1)
  })
  const child = download(ready())
  const ended = once(child, 'close')
  await stalled
  const before = await world.files()
  expect(before.filter((path) => path.endsWith('config.json'))).toHaveLength(1)
  expect(await findPrunable(world.cache)).toEqual({ found: [], busy: ['ann/bert'] })
  expect(await prune(world.cache)).toEqual({ found: [], busy: ['ann/bert'] })
  expect(await world.files()).toEqual(before)

  child.kill('SIGKILL')
  await ended
  const { found, busy } = await prune(world.cache)
  expect(busy).toEqual([])
  expect(found.map(({ reason }) => reason)).toContain('no branch or tag points to it any more')
  expect((await world.files()).filter((path) => /blobs\/|snapshots\/./.test(path))).toEqual([])
})

it('prune in another process never removes what was just downloaded', { timeout: 300_000 }, async () => {
  const moving = world.server.add('model', 'ann/moving')
  const child = spawn(process.execPath, [pruneScript, world.cache], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  const rest = text(child.stdout)
  for (let version = 0; version < ROUNDS; version++) {
    const files = { ...BERT, 'vocab.txt': `[PAD]\n[UNK]\n[CLS]\n[SEP]\n${version}` }
    moving.commit(files)
    const folder = await resolveModel('ann/moving', world.options)
    for (let look = 0; look < 5; look++) {
      for (const name of await readdir(folder))
        expect((await readFile(join(folder, name))).equals(Buffer.from(files[name as keyof typeof files])), name).toBe(
          true,
        )
      expect((await readdir(folder)).length).toBe(4)
    }
  }
  child.stdin.end()
  const { rounds, removed } = JSON.parse(await rest) as { rounds: number; removed: number }
  expect(rounds).toBeGreaterThan(ROUNDS)
  expect(removed).toBeGreaterThan(0)
})
