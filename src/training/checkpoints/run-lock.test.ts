import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { acquireRunLock, isRunInProgress } from './run-lock.ts'

it('locks an output folder, creating it if necessary, until the lock is released', async () => {
  const output_dir = join(temporaryFolder(), 'run')
  expect(isRunInProgress(output_dir)).toBe(false)
  const lock = await acquireRunLock(output_dir)
  expect(readdirSync(output_dir)).toEqual(['.run.lock'])
  expect(isRunInProgress(output_dir)).toBe(true)
  await expect(acquireRunLock(output_dir)).rejects.toThrow(
    /in use by another run \(process .*\n {2}Wait for it to end, or choose another --output_dir\./,
  )
  lock.release()
  expect(readdirSync(output_dir)).toEqual([])
  expect(isRunInProgress(output_dir)).toBe(false)
})
