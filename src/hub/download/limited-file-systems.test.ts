/** Tests of a cache on a file system that is read-only or does not support symbolic links. */
import promises, { lstat, readFile, rm, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished, vi } from 'vitest'
import { BERT, hubWorld } from '../../../tests/hub-world.ts'
import { hasReadOnlyMounts } from '../../../tests/read-only-mount.ts'
import { startScriptWithReadOnly } from '../../../tests/script.ts'
import { resolveModel } from './models.ts'

/** Makes the creation of symbolic links fail until the end of the test. */
function failLinks(code: string): void {
  const fail = vi.spyOn(promises, 'symlink').mockRejectedValue(Object.assign(new Error(code), { code }))
  syncBuiltinESMExports()
  onTestFinished(() => {
    fail.mockRestore()
    syncBuiltinESMExports()
  })
}

const world = hubWorld((server) => {
  server.add('model', 'ann/bert').commit(BERT)
})
const resolve = () => resolveModel('ann/bert', world.options)
const weights = async () =>
  (await readFile(join(await resolve(), 'model.safetensors'))).equals(BERT['model.safetensors'])

it.each(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])(
  'where links end in %s, contents are copied',
  async (code) => {
    failLinks(code)
    const folder = await resolve()
    expect((await lstat(join(folder, 'model.safetensors'))).isFile()).toBe(true)
    expect(await weights()).toBe(true)
  },
)

it('a full disk is not mistaken for a file system without links', async () => {
  failLinks('ENOSPC')
  await expect(resolve()).rejects.toThrow('ENOSPC')
})

it('uses a complete cache whose listing cannot be written, with a notice', async () => {
  const folder = await resolve()
  const listings = join(folder, '../../.spanforge')
  await rm(listings, { recursive: true })
  await writeFile(listings, 'a file in place of the folder')
  expect(await resolve()).toBe(folder)
  expect(await weights()).toBe(true)
  expect(world.notices[0]).toMatch(/cannot be written to \(E[A-Z]+\): main may not be available offline/)
})

it('writes nothing if nothing has changed', async () => {
  const folder = await resolve()
  const listing = join(folder, '../../.spanforge', `${folder.slice(-40)}.json`)
  const { mtimeMs, ino } = await lstat(listing)
  await resolve()
  expect(await lstat(listing)).toMatchObject({ mtimeMs, ino })
})

it.skipIf(!hasReadOnlyMounts)('a complete cache on a read-only file system is used, by root too', async () => {
  const folder = await resolve()
  await rm(join(folder, '../../.spanforge'), { recursive: true })
  const script = startScriptWithReadOnly(world.cache, 'resolve-model', world.server.endpoint, world.cache)
  const lines = (await text(script.stdout)).trim().split('\n')
  expect(lines).toEqual([expect.stringMatching(/cannot be written to \((EROFS|ENOENT)\)/), folder])
})
