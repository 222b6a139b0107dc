import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import type { Surroundings } from '../../native/find-library.ts'
import { expectVersion3 } from './engine.ts'
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

test('a library of an unexpected version is rejected with how to update it', () => {
  const found = { file: '/usr/lib/libdnnl.so.3', source: 'system library' }
  for (const version of ['3.0.0', '3.13.1']) expect(() => expectVersion3(version, found)).not.toThrow()
  for (const version of ['2.7.5', '30.0.0', '4.0.0'])
    expect(() => expectVersion3(version, found)).toThrow(
      `oneDNN: /usr/lib/libdnnl.so.3 (system library) is version ${version}; expected version 3\n  Update it (pip install onednn-cpu-gomp --upgrade)`,
    )
})
