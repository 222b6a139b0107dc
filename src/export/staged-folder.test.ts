import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { ownerText } from '../files/lock-owner.ts'
import { StagedFolder } from './staged-folder.ts'

test('removes what a killed process left, but not what another process is writing or what others made', async () => {
  const parent = temporaryFolder()
  const target = join(parent, 'exported')
  const running = await StagedFolder.open(target, ['a'])
  await running.write('a', 'running')
  const folder = (name: string, lock?: string) => {
    mkdirSync(join(parent, name))
    if (lock) writeFileSync(join(parent, name, '.lock'), lock)
  }
  const killed = JSON.stringify({ ...JSON.parse(ownerText('0')), pid: 2 ** 22 + 1, started: '1' })
  folder('.exported.0123456789ab', killed)
  folder('.exported.0123456789ac')
  folder('.exported.mine', killed)
  folder('.other.0123456789ab', killed)
  const staged = await StagedFolder.open(target, ['b'])
  expect(existsSync(join(parent, '.exported.0123456789ab'))).toBe(false)
  for (const name of ['.exported.0123456789ac', '.exported.mine', '.other.0123456789ab'])
    expect(existsSync(join(parent, name))).toBe(true)
  await staged.write('b', 'new')
  await staged.finish()
  await running.finish()
  expect(readdirSync(target).sort()).toEqual(['a', 'b'])
  expect(readFileSync(join(target, 'a'), 'utf8')).toBe('running')
  await staged.abandon()
  await running.abandon()
})

test('says at once that the target is a broken link', async () => {
  const parent = temporaryFolder()
  symlinkSync('nowhere', join(parent, 'link'))
  await expect(StagedFolder.open(join(parent, 'link'), ['a'])).rejects.toThrow(
    'a symbolic link to a folder that does not',
  )
  expect(readdirSync(parent)).toEqual(['link'])
})
