/**
 * `FOLDER TURNS DEAD`: locks a folder TURNS times, and fails if another process holds it then: for lock.test.ts. After
 * each turn it leaves DEAD, the lock of a process that has ended, for all others to break at once.
 */
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { acquireLock } from '../../src/files/lock.ts'

const [folder, turns, dead] = process.argv.slice(2)
const path = join(folder, '.lock')
for (let turn = 0; turn < Number(turns); turn++) {
  const lock = await acquireLock(path, { guards: folder, remedy: '', onWait: () => {} })
  mkdirSync(join(folder, 'busy'))
  await sleep(2)
  rmdirSync(join(folder, 'busy'))
  lock.release()
  try {
    writeFileSync(path, dead, { flag: 'wx' })
  } catch {
    // Another process was faster.
  }
}
