import { readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BERT, hubWorld } from '../../../tests/hub-world.ts'
import { resolveModel } from '../download/models.ts'
import { listCache } from './list.ts'
import { findPrunable, prune, removeFaults, verifyCache } from './upkeep.ts'

const world = hubWorld((server) => {
  server.add('model', 'ann/bert').commit(BERT)
})
const resolve = () => resolveModel('ann/bert', world.options)

it('lists repositories with their snapshots, refs and sizes', async () => {
  const folder = await resolve()
  const [entry, ...others] = await listCache(world.cache)
  expect(others).toEqual([])
  expect(entry).toMatchObject({ type: 'model', name: 'ann/bert', unfinished: [] })
  expect(entry.snapshots).toMatchObject([{ folder, refs: ['main'] }])
  expect(entry.snapshots[0].files.map(({ path }) => path).sort()).toEqual([
    'config.json',
    'model.safetensors',
    'tokenizer.json',
    'vocab.txt',
  ])
  expect(entry.size).toBe(
    300_000 + BERT['config.json'].length + BERT['tokenizer.json'].length + BERT['vocab.txt'].length,
  )
  expect(await listCache(join(world.cache, 'none'))).toEqual([])
})

describe('verify', () => {
  it('reports no fault in an intact cache', async () => {
    await resolve()
    expect(await verifyCache(world.cache)).toMatchObject({ sound: 4, faults: [] })
  })

  it('finds a changed blob and a link without a blob, and both are downloaded again', async () => {
    const folder = await resolve()
    const weights = join(folder, 'model.safetensors')
    const content = await readFile(weights)
    content[7] ^= 1
    await writeFile(weights, content)
    const [{ snapshots }] = await listCache(world.cache)
    await rm(snapshots[0].files.find(({ path }) => path === 'vocab.txt')!.content!)
    const { sound, faults } = await verifyCache(world.cache)
    expect(sound).toBe(2)
    expect(faults.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(/^its hash is/),
      'its content is missing',
    ])
    await removeFaults(world.cache, faults)
    expect((await readFile(join(await resolve(), 'model.safetensors'))).equals(BERT['model.safetensors'])).toBe(true)
    expect(await verifyCache(world.cache)).toMatchObject({ sound: 4, faults: [] })
  })
})

describe('prune', () => {
  it('keeps the snapshot that a branch points to', async () => {
    await resolve()
    expect(await findPrunable(world.cache)).toEqual({ found: [], busy: [] })
  })

  it('removes old snapshots, blobs that only they use, and unfinished downloads', async () => {
    const moving = world.server.add('model', 'ann/moving')
    moving.commit(BERT)
    const old = await resolveModel('ann/moving', world.options)
    moving.commit({ 'vocab.txt': 'new' })
    const folder = await resolveModel('ann/moving', world.options)
    const blobs = join(dirname(dirname(folder)), 'blobs')
    await writeFile(join(blobs, `${'a'.repeat(64)}.spanforge.incomplete`), 'part')
    await writeFile(join(blobs, `${'b'.repeat(64)}.incomplete`), 'part')
    const day = new Date(Date.now() - 25 * 3600 * 1000)
    await utimes(join(blobs, `${'b'.repeat(64)}.incomplete`), day, day)
    await writeFile(join(blobs, `${'c'.repeat(64)}.incomplete`), 'Python is writing')

    const { found } = await findPrunable(world.cache)
    expect(found.map(({ reason }) => reason).sort()).toEqual([
      'an unfinished download',
      'an unfinished download',
      'no branch or tag points to it any more',
      'no remaining snapshot uses it',
    ])
    expect(await prune(world.cache)).toEqual({ found, busy: [] })
    await expect(stat(old)).rejects.toThrow('ENOENT')
    expect(await readFile(join(folder, 'vocab.txt'), 'utf8')).toBe('new')
    expect(await findPrunable(world.cache)).toEqual({ found: [], busy: [] })
    expect(await verifyCache(world.cache)).toMatchObject({ sound: 4, faults: [] })
  })

  it('keeps files in use when the cache folder is a symbolic link', async () => {
    await resolve()
    const link = join(world.cache, 'link')
    await symlink(world.cache, link)
    expect(await findPrunable(link)).toEqual({ found: [], busy: [] })
  })
})
