/**
 * Locks a folder until it is killed: for lock.test.ts. `FOLDER BEAT SILENCE [write]`: with `write` it replaces
 * FOLDER/written repeatedly; otherwise it blocks its main thread, like a long native call.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeFileAtomic } from '../../src/files/atomic.ts'
import { acquireLock } from '../../src/files/lock.ts'

const [folder, beat, silence, task] = process.argv.slice(2)
const timing = { beat: Number(beat), silence: Number(silence) }
await acquireLock(join(folder, '.lock'), { guards: folder, remedy: 'choose another folder', timing })
console.log('held')
if (task !== 'write') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
try {
  for (let i = 0; ; i++) {
    await writeFileAtomic(join(folder, 'written'), `by the first ${i}`)
    await sleep(5)
  }
} catch (error) {
  console.log((error as Error).message)
}
