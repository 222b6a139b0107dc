/** Locks a folder and exits without releasing the lock, for lock.test.ts. */
import { join } from 'node:path'
import { acquireLock } from '../../src/files/lock.ts'

await acquireLock(join(process.argv[2], '.lock'), { guards: process.argv[2], remedy: '' })
process.exit()
