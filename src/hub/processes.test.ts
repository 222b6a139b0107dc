import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { bytes, hubWorld } from '../../tests/hub-world.ts'
import { digestLike } from './digest.ts'

const KILLS = 20
const FILES = {
  'config.json': bytes(20_000, 4),
  'vocab.txt': bytes(60_000, 5),
  'model-00001-of-00002.safetensors': bytes(900_000, 6),
  'model-00002-of-00002.safetensors': bytes(300_000, 7),
  'model.safetensors.index.json': '{}',
}
const world = hubWorld((server) => {
  server.add('model', 'ann/bert').commit(FILES)
})

function download(): ChildProcess {
  const script = fileURLToPath(new URL('../../tests/hub-download-child.ts', import.meta.url))
  const env = { ...process.env, HF_ENDPOINT: world.server.endpoint, HF_HUB_CACHE: world.cache, HF_TOKEN: '' }
  return spawn(process.execPath, ['--import', 'tsx', script, 'ann/bert'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
}

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

/** Whatever stands under a final name is whole. */
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

it(`a download killed at ${KILLS} random instants and resumed gives identical bytes`, async () => {
  let resumed = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const child = download()
    const ended = once(child, 'close')
    const stallAfter = 1 + Math.floor(Math.random() * 40_000)
    const stalled = new Promise<void>((resolve) => {
      world.server.misbehave(/vocab|config|content/, { stallAfter, onStall: resolve }, 100)
    })
    await Promise.race([stalled, ended])
    // Every other time a moment after the bytes were sent, whatever became of them; else when they are on the disk.
    if (kill % 2) await new Promise((resolve) => setTimeout(resolve, Math.random() * 30))
    else while (child.exitCode === null && (await unfinishedBytes()) === 0) await new Promise(setImmediate)
    child.kill('SIGKILL')
    await ended
    await expectOnlyWholeFiles()
    resumed += resumptions()
    world.server.reset()
  }
  const child = download()
  const folder = (await text(child.stdout!)).trim()
  await expectFiles(folder)
  expect(resumed + resumptions()).toBeGreaterThanOrEqual(1)
  expect((await world.files()).filter((path) => /incomplete|\.lock$/.test(path))).toEqual([])
})

it('two processes at once bring each file once, and both have it', async () => {
  world.server.misbehave(/content/, { slow: true }, 10)
  const folders = await Promise.all([download(), download()].map(async (child) => (await text(child.stdout!)).trim()))
  expect(folders[0]).toBe(folders[1])
  await expectFiles(folders[0])
  expect(world.downloads.filter((url) => url.startsWith('/content/'))).toHaveLength(2)
})
