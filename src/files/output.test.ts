import { linkSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { giveNewName } from './atomic.ts'
import { checkOutputs, writeOutput } from './output.ts'

function folderWith(...names: string[]): (name: string) => string {
  const folder = temporaryFolder()
  for (const name of names) writeFileSync(join(folder, name), name)
  return (name) => join(folder, name)
}

it('rejects an existing file unless it may be overwritten', () => {
  const path = folderWith('there')
  symlinkSync('nowhere', path('dangling'))
  for (const name of ['there', 'dangling']) {
    expect(() => checkOutputs([path('new'), path(name)], {})).toThrow(
      `${path(name)}: already exists\n  Write to another file, or replace it with --overwrite.`,
    )
    expect(() => checkOutputs([path(name)], { overwrite: true })).not.toThrow()
  }
})

it('rejects an input file under any of its names, even with overwrite', () => {
  const path = folderWith('input', 'other')
  linkSync(path('input'), path('hard'))
  symlinkSync('input', path('soft'))
  mkdirSync(path('folder'))
  symlinkSync(path('folder'), path('folder-link'))
  writeFileSync(path('folder/part'), '')
  for (const overwrite of [true, false]) {
    for (const name of [
      path('input'),
      relative('.', path('input')),
      path('hard'),
      path('soft'),
      path('./folder/../input'),
    ])
      expect(() => checkOutputs([name], { overwrite, inputs: ['squad', path('input')] })).toThrow('is also an input')
    expect(() => checkOutputs([path('folder-link/part')], { overwrite, inputs: [path('folder')] })).toThrow(
      'is also an input',
    )
    expect(() => checkOutputs([path('folder/new')], { overwrite, inputs: [path('folder')] })).not.toThrow()
  }
  expect(() => checkOutputs([path('other')], { overwrite: true, inputs: [path('input')] })).not.toThrow()
})

it('rejects two names of the same output, including different case and linked folders', () => {
  const path = folderWith()
  mkdirSync(path('folder'))
  symlinkSync('folder', path('link'))
  for (const [a, b] of [
    ['x.json', './x.json'],
    ['x.json', 'X.JSON'],
    ['folder/x', 'link/x'],
    ['caf\u00e9', 'cafe\u0301'],
    ['new/x', 'new/deep/../x'],
  ])
    expect(() => checkOutputs([path(a), path(b)], { overwrite: true })).toThrow(/is the same file as|is given for two/)
  expect(() => checkOutputs([path('x.json'), path('x.json')], {})).toThrow('x.json: is given for two outputs')
})

it('rejects outputs that are not files or cannot be created before the work begins', () => {
  const path = folderWith('file')
  mkdirSync(path('folder'))
  expect(() => checkOutputs([path('folder')], { overwrite: true })).toThrow('is not a regular file')
  expect(() => checkOutputs(['/dev/null'], { overwrite: true })).toThrow('is not a regular file')
  expect(() => checkOutputs([path('file/deep/x')], {})).toThrow(/cannot be written \(ENOTDIR/)
})

it('keeps a file that is created in the meantime, without leaving other files', async () => {
  const path = folderWith()
  checkOutputs([path('deep/x')], {})
  async function* slow() {
    yield Buffer.from('mine')
    writeFileSync(path('deep/x'), 'of another')
  }
  await expect(writeOutput(path('deep/x'), slow(), {})).rejects.toThrow('already exists')
  expect(readFileSync(path('deep/x'), 'utf8')).toBe('of another')
  await writeOutput(path('deep/x'), 'new', { overwrite: true })
  expect(readFileSync(path('deep/x'), 'utf8')).toBe('new')
  expect(readdirSync(path('deep'))).toEqual(['x'])
})

it('gives a new name only once, even if a killed process left both names', async () => {
  const path = folderWith('a', 'b')
  expect(await giveNewName(path('a'), path('b'))).toBe(false)
  linkSync(path('a'), path('c'))
  expect(await giveNewName(path('a'), path('c'))).toBe(true)
  expect(readdirSync(path('.'))).toEqual(['b', 'c'])
  expect(statSync(path('c')).nlink).toBe(1)
})

it('never replaces folders, pipes or devices, including through links', () => {
  const path = folderWith()
  mkdirSync(path('folder'))
  symlinkSync('folder', path('to-folder'))
  symlinkSync('/dev/null', path('to-device'))
  for (const name of ['folder', 'to-folder', 'to-device'])
    for (const overwrite of [true, false])
      expect(() => checkOutputs([path(name)], { overwrite })).toThrow('is not a regular file and cannot be replaced')
  symlinkSync('loop', path('loop'))
  expect(() => checkOutputs([path('loop')], { overwrite: true })).not.toThrow()
})

it('rejects a folder name before the work begins', () => {
  const path = folderWith('file')
  for (const name of [path('new/'), path('file/'), '', '.', '..', `${path('x')}/..`])
    expect(() => checkOutputs([name], { overwrite: true })).toThrow('is a folder name')
})

it('accepts all names that the file system allows, and rejects longer ones before the work begins', async () => {
  const path = folderWith()
  for (const name of [`${'n'.repeat(250)}.json`, `${'é'.repeat(125)}.json`, `${'好'.repeat(83)}.json`]) {
    checkOutputs([path(name)], {})
    await writeOutput(path(name), 'x', {})
    expect(readFileSync(path(name), 'utf8')).toBe('x')
  }
  expect(() => checkOutputs([path('n'.repeat(256))], {})).toThrow(/ENAMETOOLONG[\s\S]*Choose a shorter name/)
})
