import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SpanforgeError } from '../errors.ts'
import { writeFileAtomic } from './atomic.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanforge-atomic-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('writes text, bytes and chunks of bytes completely, without leaving other files', async () => {
  const chunks = [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)]
  await writeFileAtomic(join(folder, 'text'), 'déjà')
  await writeFileAtomic(join(folder, 'bytes'), Uint8Array.of(0, 255))
  await writeFileAtomic(join(folder, 'chunks'), chunks)
  await writeFileAtomic(
    join(folder, 'stream'),
    (async function* () {
      yield* chunks
    })(),
  )
  expect(await readFile(join(folder, 'text'), 'utf8')).toBe('déjà')
  expect([...(await readFile(join(folder, 'bytes')))]).toEqual([0, 255])
  expect([...(await readFile(join(folder, 'chunks')))]).toEqual([1, 2, 3])
  expect([...(await readFile(join(folder, 'stream')))]).toEqual([1, 2, 3])
  expect((await readdir(folder)).sort()).toEqual(['bytes', 'chunks', 'stream', 'text'])
})

test('keeps the old content under the name while writing', async () => {
  const path = join(folder, 'file')
  await writeFile(path, 'old')
  let seen = ''
  await writeFileAtomic(
    path,
    (async function* () {
      yield Buffer.from('new')
      seen = await readFile(path, 'utf8')
    })(),
  )
  expect(seen).toBe('old')
  expect(await readFile(path, 'utf8')).toBe('new')
})

test('keeps the old file and removes the temporary one if the source fails', async () => {
  const path = join(folder, 'file')
  await writeFile(path, 'old')
  const failing = (function* () {
    yield Buffer.from('half')
    throw new SpanforgeError('no more')
  })()
  await expect(writeFileAtomic(path, failing)).rejects.toThrow('no more')
  expect(await readFile(path, 'utf8')).toBe('old')
  expect(await readdir(folder)).toEqual(['file'])
})

test('reports a full disk with a remedy', async () => {
  const full = (function* () {
    yield Buffer.from('half')
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  })()
  const error = await writeFileAtomic(join(folder, 'file'), full).catch((error) => error)
  expect(error).toBeInstanceOf(SpanforgeError)
  expect(error.message).toMatch(/file: cannot be written.*no space left(.|\n)*disk is full: free some space/)
  expect(await readdir(folder)).toEqual([])
})

test('reports a read-only file system with a remedy', async () => {
  // Folder permissions do not apply to root, but /proc is read-only for all users.
  const path = process.platform === 'linux' ? '/proc/file' : join(folder, 'missing', 'file')
  const error = await writeFileAtomic(path, 'x').catch((error) => error)
  expect(error).toBeInstanceOf(SpanforgeError)
  expect(error.message).toContain('cannot be written')
  expect(error.options.remedy).toBeDefined()
})

test('reports a missing folder, and a folder instead of a file, with a remedy', async () => {
  await expect(writeFileAtomic(join(folder, 'no', 'file'), 'x')).rejects.toThrow('create it first')
  await mkdir(join(folder, 'taken'))
  await expect(writeFileAtomic(join(folder, 'taken'), 'x')).rejects.toThrow('A folder with this name exists')
  expect(await readdir(folder)).toEqual(['taken'])
})
