import { existsSync } from 'node:fs'
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ServedRepository } from '../../../tests/hub-server/repository.ts'
import { BERT, bytes, hubWorld } from '../../../tests/hub-world.ts'
import { CachedRepository } from '../cache/cached-repository.ts'
import { resolveModel } from './models.ts'

const WEIGHTS = BERT['model.safetensors']
const HASH = '/content/'
let served: ServedRepository
const world = hubWorld((server) => {
  served = server.add('model', 'ann/bert')
  served.commit(BERT)
})

async function expectWeights(folder: string) {
  expect((await readFile(join(folder, 'model.safetensors'))).equals(WEIGHTS)).toBe(true)
}

const incompleteOf = (hash: string) =>
  new CachedRepository(world.cache, { type: 'model', name: 'ann/bert' }).incomplete(hash)

const resolve = (more = {}) => resolveModel('ann/bert', { ...world.options, ...more })

/** Expects that the incomplete weights appear neither as a blob nor in a snapshot. */
async function expectNothingFinal() {
  const names = (await world.files()).filter((path) => /model\.safetensors$|\/blobs\/[0-9a-f]{64}$/.test(path))
  expect(names).toEqual([])
}

describe('a download survives', () => {
  it('a slow server', async () => {
    world.server.misbehave(/content/, { slow: true })
    await expectWeights(await resolve())
  })

  it('a broken connection, by resuming the download', async () => {
    world.server.misbehave(/content/, { cutAfter: 100_000 })
    await expectWeights(await resolve())
    expect(world.downloads.filter((url) => url.startsWith(HASH))).toEqual([
      '/content/HASH',
      expect.stringMatching(/^\/content\/HASH bytes=[1-9]\d*-$/),
    ])
  })

  it('more broken connections than the retry limit, if each attempt makes progress', async () => {
    world.server.misbehave(/content/, { cutAfter: 70_000 }, 4)
    await expectWeights(await resolve())
  })

  it('a connection that stalls', async () => {
    world.server.misbehave(/content/, { stallAfter: 100_000 })
    await expectWeights(await resolve({ timeout: 300 }))
  })

  it('429 with Retry-After, 500, 502, 503 and 504', async () => {
    world.server.misbehave(/revision/, { status: 429, headers: { 'retry-after': '0' } })
    for (const status of [500, 502]) world.server.misbehave(/content/, { status })
    for (const status of [503, 504]) world.server.misbehave(/vocab/, { status })
    await expectWeights(await resolve())
  })

  it('a server that ignores the range, by starting over', async () => {
    world.server.misbehave(/content/, { cutAfter: 100_000 })
    world.server.misbehave(/content/, { ignoreRange: true })
    await expectWeights(await resolve())
  })

  it('a server that sends a different range than requested', async () => {
    world.server.misbehave(/content/, { cutAfter: 100_000 })
    world.server.misbehave(/content/, { shiftRange: true })
    await expectWeights(await resolve())
  })

  it('a file that is altered in one transfer', async () => {
    world.server.misbehave(/content/, { corrupt: true })
    await expectWeights(await resolve())
  })

  it.each([
    ['shorter than the file and wrong', bytes(1000, 9)],
    ['longer than the file', bytes(400_000, 9)],
    ['as long as the file and wrong', bytes(300_000, 9)],
  ])('an unfinished file that is %s', async (_, partial) => {
    const folder = await resolve({ weights: false })
    const sha256 = served.at('main')!.files.get('model.safetensors')!.sha256
    const incomplete = incompleteOf(sha256)
    await writeFile(incomplete, partial)
    expect(await resolve()).toBe(folder)
    await expectWeights(folder)
  })
})

describe('a download fails and leaves no file under its final name', () => {
  it('when the file is altered in two transfers', async () => {
    world.server.misbehave(/content/, { corrupt: true }, 2)
    await expect(resolve()).rejects.toThrow(/model\.safetensors: wrong content in two downloads: hash [0-9a-f]{64}/)
    await expectNothingFinal()
    expect((await world.files()).filter((path) => path.includes('incomplete'))).toEqual([])
  })

  it('when the server announces 10 GB', async () => {
    world.server.misbehave(/content/, { length: 10_000_000_000 })
    await expect(resolve()).rejects.toThrow('the server announced 10000000000 bytes, expected 300000')
    await expectNothingFinal()
  })

  it('when the server announces too little', async () => {
    world.server.misbehave(/content/, { length: 10 })
    await expect(resolve()).rejects.toThrow('the server announced 10 bytes, expected 300000')
    await expectNothingFinal()
  })

  it('when the server sends too much without announcing a length', async () => {
    world.server.misbehave(/content/, { extra: bytes(10) })
    await expect(resolve()).rejects.toThrow('model.safetensors: the server sent more than the expected 300000 bytes')
    await expectNothingFinal()
  })

  it('when the file is removed from the hub during the download', async () => {
    world.server.misbehave(/content/, { cutAfter: 100_000 })
    world.server.misbehave(/content/, { status: 404 })
    await expect(resolve()).rejects.toThrow(/model\.safetensors: 127\.0\.0\.1:\d+ answered 404/)
    await expectNothingFinal()
  })

  it('when every connection breaks at the same byte, and keeps the partial file to resume', async () => {
    world.server.misbehave(/content/, { cutAfter: 0 }, 10)
    await expect(resolve()).rejects.toThrow(/cannot be reached .*model\.safetensors/)
    world.server.reset()
    world.server.misbehave(/content/, { cutAfter: 100_000 })
    world.server.misbehave(/content/, { cutAfter: 0 }, 10)
    await expect(resolve()).rejects.toThrow(
      /: model\.safetensors; [1-9]\d* of 300000 bytes are kept, and the download will resume from there/,
    )
    await expectNothingFinal()
    world.server.reset()
    await expectWeights(await resolve())
    expect(world.downloads.at(-1)).toMatch(/^\/content\/HASH bytes=[1-9]\d*-$/)
  })

  it('when it is aborted, during a transfer or a wait, and keeps the partial file', async () => {
    const stop = new AbortController()
    world.server.misbehave(/content/, { stallAfter: 100_000 })
    const transfer = expect(resolve({ signal: stop.signal })).rejects.toThrow(/abort/)
    const { sha256 } = served.at('main')!.files.get('model.safetensors')!
    await expect.poll(async () => (await stat(incompleteOf(sha256))).size).toBeGreaterThan(0)
    stop.abort()
    await transfer
    await expectNothingFinal()
    const impatient = new AbortController()
    world.server.misbehave(/content/, { status: 503, headers: { 'retry-after': '60' } })
    const waiting = resolve({ signal: impatient.signal, retry: { attempts: 3, longestDelay: 100_000 } })
    setTimeout(() => impatient.abort(), 300)
    await expect(waiting).rejects.toThrow(/abort/)
    expect(await waiting.catch((error) => error)).toBe(impatient.signal.reason)
    world.server.reset()
    await expectWeights(await resolve())
    expect(world.downloads).toContainEqual(expect.stringMatching(/^\/content\/HASH bytes=[1-9]\d*-$/))
  })

  it('when Retry-After exceeds the maximum delay', async () => {
    world.server.misbehave(/content/, { status: 429, headers: { 'retry-after': '3600' } }, 10)
    await expect(resolve()).rejects.toThrow('answered 429 and asked to retry in 3600 s')
    expect(world.downloads.filter((url) => url.startsWith(HASH))).toHaveLength(1)
  })

  it('when the server redirects in a loop', async () => {
    world.server.misbehave(/resolve/, { redirect: `${world.server.endpoint}/ann/bert/resolve/main/config.json` }, 100)
    await expect(resolve()).rejects.toThrow('redirected more than 10 times')
  })

  it('when the server redirects to a local file', async () => {
    world.server.misbehave(/resolve/, { redirect: 'file:///etc/passwd' })
    await expect(resolve()).rejects.toThrow('redirected to "file:///etc/passwd", which is not a web address')
  })

  it.skipIf(!existsSync('/dev/full'))('when the disk is full', async () => {
    await resolve({ weights: false })
    const sha256 = served.at('main')!.files.get('model.safetensors')!.sha256
    const incomplete = incompleteOf(sha256)
    await mkdir(dirname(incomplete), { recursive: true })
    await symlink('/dev/full', incomplete)
    await expect(resolve()).rejects.toThrow(/the disk is full[\s\S]*spanforge cache prune/)
    await expectNothingFinal()
  })
})
