import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import type { Surroundings } from '../../native/find-library.ts'
import { findOneDnn } from './find.ts'

/** A machine that contains only the files that a test creates. */
function machine() {
  const root = temporaryFolder()
  const put = (path: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), '')
    return join(root, path)
  }
  const find = (env: Surroundings['env'] = {}) =>
    findOneDnn({ env, home: join(root, 'home'), cwd: root, system: [join(root, 'usr/lib')] })
  return { root, put, find }
}

test('finds nothing on a machine that has only another version of the library', () => {
  const { put, find } = machine()
  put('usr/lib/libdnnl.so.2')
  expect(find({ PATH: '/nowhere' })).toBeUndefined()
})

test('searches ONEDNN_DIR, Python wheels and the system, in this order', () => {
  const { root, put, find } = machine()
  const env = { PATH: join(root, 'python/bin') }
  const system = put('usr/lib/libdnnl.so.3')
  expect(find(env)).toEqual({ file: system, source: 'system library' })
  put('python/bin/python3')
  const wheel = put('python/lib/libdnnl.so.3.2')
  expect(find(env)).toEqual({ file: wheel, source: 'Python wheel' })
  const own = put('own/lib/libdnnl.so.3')
  expect(find({ ...env, ONEDNN_DIR: join(root, 'own') })).toEqual({ file: own, source: 'ONEDNN_DIR' })
  expect(find({ ...env, ONEDNN_DIR: join(root, 'own/lib') })?.file).toBe(own)
})

test('ONEDNN_DIR without a library is an error, without a fallback', () => {
  const { root, put, find } = machine()
  put('usr/lib/libdnnl.so.3')
  expect(() => find({ ONEDNN_DIR: join(root, 'empty') })).toThrow(
    /^ONEDNN_DIR: libdnnl.so.3 was not found in .*empty\n/,
  )
})

test('a library of an unexpected version is rejected with how to update it', async () => {
  const { root, put } = machine()
  const file = put('libdnnl.so.3')
  vi.stubEnv('ONEDNN_DIR', root)
  vi.resetModules()
  vi.doMock('./library.ts', async (original) => ({
    ...(await original<object>()),
    bindOnednn: () => ({ version: '2.6.0' }),
  }))
  try {
    const { openOneDnn } = await import('./engine.ts')
    expect(openOneDnn).toThrow(`oneDNN: ${file} (ONEDNN_DIR) is version 2.6.0; expected 3.0 or later\n  Update it`)
  } finally {
    vi.doUnmock('./library.ts')
    vi.unstubAllEnvs()
  }
})
