import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { isLocked, withLock } from './lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'spanforge-lock-'))
const lockAt = (name: string) => join(folder, 'deep', name)

it('holders of a lock come one after the other, and leave no file', async () => {
  let holders = 0
  let waited = 0
  const hold = async () => {
    holders++
    expect(holders).toBe(1)
    expect(await isLocked(lockAt('turns'))).toBe(true)
    holders--
  }
  await Promise.all([1, 2, 3].map(() => withLock(lockAt('turns'), hold, () => waited++)))
  expect(waited).toBeGreaterThanOrEqual(2)
  expect(existsSync(lockAt('turns'))).toBe(false)
})

it('an error leaves the lock free', async () => {
  await expect(withLock(lockAt('error'), () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await isLocked(lockAt('error'))).toBe(false)
})

it('the lock of a process that is gone is taken over', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  await writeFile(lockAt('gone'), JSON.stringify({ pid, host: hostname() }))
  expect(await isLocked(lockAt('gone'))).toBe(false)
  const waiting = vi.fn()
  expect(await withLock(lockAt('gone'), async () => 'mine', waiting)).toBe('mine')
  expect(waiting).not.toHaveBeenCalled()
})

it('the lock of another host is respected until it is silent for a minute', async () => {
  await writeFile(lockAt('far'), JSON.stringify({ pid: 1, host: 'elsewhere' }))
  expect(await isLocked(lockAt('far'))).toBe(true)
  const long = new Date(Date.now() - 61_000)
  await utimes(lockAt('far'), long, long)
  expect(await withLock(lockAt('far'), async () => 'mine')).toBe('mine')
})
