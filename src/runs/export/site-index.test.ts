import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { runHere } from '../../../tests/run-here.ts'
import { smallCollection } from '../../../tests/small-collection.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { tinyFolder } from '../../../tests/tiny-squad.ts'
import { buildIndex } from '../index/build-index.ts'
import { noScreen } from '../screen/screen.ts'
import { collectionOf } from './site-index.ts'

test('a published index names no folder of this machine, no unreadable file, and is the same each time', async () => {
  const folder = temporaryFolder()
  await smallCollection(folder)
  writeFileSync(join(folder, 'docs', 'corrupted.docx'), 'no archive')
  const index = join(folder, 'index')
  await buildIndex([join(folder, 'docs')], { output_dir: index })
  const [a, b] = await Promise.all(
    ['a', 'b'].map(async (name) => {
      mkdirSync(join(folder, name))
      const { file, documents } = await collectionOf(index, join(folder, name), noScreen)
      expect(documents).toBe(3)
      return readFileSync(file)
    }),
  )
  expect(a.equals(b)).toBe(true)
  const content = gunzipSync(a)
  expect(readFileSync(join(index, 'index.db')).includes(folder)).toBe(true)
  expect(content.includes(folder)).toBe(false)
  expect(content.includes('corrupted.docx')).toBe(false)
  expect(content.includes('docs/short.pdf')).toBe(true)
})

test.each([
  ['a folder without an index', '', 'site', /there is no index .*\n.*Create it: spanforge index/],
  ['an index of an interrupted run', 'index.db.partial', 'site', /creation was interrupted/],
  ['a corrupted index', 'index.db', 'site', /index\.db: cannot be read as an index .*\n.*truncated or corrupted/],
  ['an export without a page', '', 'onnx', /--index is not available with --to onnx/],
])('%s is rejected before the model is exported', async (_, file, to, message) => {
  const folder = temporaryFolder()
  const index = join(folder, 'index')
  mkdirSync(index)
  if (file) writeFileSync(join(index, file), 'x')
  const argv = ['export', tinyFolder, '--to', to, '--index', index, '--output_dir', join(folder, 'out')]
  const { code, stderr } = await runHere(...argv)
  expect(code).toBeGreaterThan(0)
  expect(stderr).toMatch(message)
})

test.each([
  ['the model', 'model', 'contains the model'],
  ['the folder of the model', '.', 'contains the model'],
  ['the index', 'index', 'contains the index'],
])('a site is not written into %s, which would be published', async (_, output_dir, message) => {
  const folder = temporaryFolder()
  await smallCollection(folder)
  await buildIndex([join(folder, 'docs')], { output_dir: join(folder, 'index') })
  cpSync(tinyFolder, join(folder, 'model'), { recursive: true })
  const given = output_dir === 'index' ? ['--index', join(folder, 'index')] : []
  const { code, stderr } = await runHere(
    ...['export', join(folder, 'model'), '--to', 'site', ...given, '--output_dir', join(folder, output_dir)],
  )
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  expect(readdirSync(folder).sort()).toEqual(['docs', 'index', 'model'])
})

test('the file of an index is rejected with the folder to name instead', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'index.db'), '')
  const { stderr } = await runHere(
    'answer',
    '--model',
    tinyFolder,
    '--index',
    join(folder, 'index.db'),
    '--question',
    'Who?',
  )
  expect(stderr).toContain(`expected the folder of an index, found a file\n  Use ${folder}.`)
})
