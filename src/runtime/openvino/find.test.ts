import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import type { Surroundings } from '../../native/find-library.ts'
import { findOpenVino } from './find.ts'

/** A machine that contains only the files that a test creates. */
function machine() {
  const root = temporaryFolder()
  const put = (path: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), '{}')
    return join(root, path)
  }
  const find = (env: Surroundings['env'] = {}) =>
    findOpenVino({ env, home: join(root, 'home'), cwd: join(root, 'project'), system: [join(root, 'usr/lib')] })
  return { root, put, find }
}

const WHEEL = 'lib/python3.11/site-packages/openvino/libs/libopenvino_c.so.2641'

test('finds nothing on an empty machine', () => {
  expect(machine().find({ PATH: '/nowhere' })).toBeUndefined()
})

test('searches OPENVINO_DIR, the npm package, Python wheels and the system, in this order', () => {
  const { root, put, find } = machine()
  const env = { PATH: join(root, 'python/bin') }
  const system = put('usr/lib/libopenvino_c.so.2630')
  expect(find(env)).toEqual({ file: system, source: 'system library' })
  put('python/bin/python3')
  const wheel = put(`python/${WHEEL}`)
  expect(find(env)).toEqual({ file: wheel, source: 'Python wheel' })
  put('project/node_modules/openvino-node/package.json')
  const npm = put('project/node_modules/openvino-node/bin/libopenvino_c.so')
  expect(find(env)).toEqual({ file: npm, source: 'npm package openvino-node' })
  const archive = put('archive/runtime/lib/intel64/libopenvino_c.so.2640')
  expect(find({ ...env, OPENVINO_DIR: join(root, 'archive') })).toEqual({ file: archive, source: 'OPENVINO_DIR' })
})

test.each([
  ['the folder of the libraries', `env/${dirname(WHEEL)}`],
  ['the package', `env/${dirname(dirname(WHEEL))}`],
  ['the folder of packages, or an unpacked wheel', `env/${dirname(dirname(dirname(WHEEL)))}`],
  ['a virtual environment', 'env'],
])('OPENVINO_DIR may name %s', (_what, folder) => {
  const { root, put, find } = machine()
  const file = put(`env/${WHEEL}`)
  expect(find({ OPENVINO_DIR: join(root, folder) })?.file).toBe(file)
})

test('OPENVINO_DIR without a library is an error, without a fallback', () => {
  const { root, put, find } = machine()
  put('usr/lib/libopenvino_c.so')
  expect(() => find({ OPENVINO_DIR: join(root, 'empty') })).toThrow(
    /^OPENVINO_DIR: libopenvino_c was not found in .*empty\n/,
  )
})

test('finds wheels in the active environment, through a linked python, and in the home folder', () => {
  const { root, put, find } = machine()
  const own = put(`home/.local/${WHEEL}`)
  expect(find()?.file).toBe(own)
  put('real/bin/python3')
  const real = put(`real/${WHEEL}`)
  mkdirSync(join(root, 'links'))
  symlinkSync(join(root, 'real/bin/python3'), join(root, 'links/python3'))
  const PATH = ['/nowhere', join(root, 'links')].join(delimiter)
  expect(find({ PATH })?.file).toBe(real)
  const active = put(`active/${WHEEL}`)
  expect(find({ PATH, VIRTUAL_ENV: join(root, 'active') })?.file).toBe(active)
})

test.each([
  'libopenvino_c.so',
  'libopenvino_c.so.2641',
  'libopenvino_c.dylib',
  'libopenvino_c.2641.dylib',
  'openvino_c.dll',
])('%s is the library', (name) => {
  const { put, find } = machine()
  expect(find({ LD_LIBRARY_PATH: dirname(put(`lib/${name}`)) })?.file).toContain(name)
})

test.each(['libopenvino.so.2641', 'libopenvino_c.so.txt', 'openvino_c.lib'])('%s is not', (name) => {
  const { put, find } = machine()
  expect(find({ LD_LIBRARY_PATH: dirname(put(`lib/${name}`)) })).toBeUndefined()
})
