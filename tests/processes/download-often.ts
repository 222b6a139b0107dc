// Downloads the model ann/bert repeatedly, each time to an empty cache, and prints how often it succeeded.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveModel } from '../../src/hub/download/models.ts'

const [endpoint, times] = process.argv.slice(2)
let done = 0
for (; done < Number(times); done++) {
  const cache = await mkdtemp(join(tmpdir(), 'spanforge-often-'))
  try {
    await resolveModel('ann/bert', { endpoint, cache, token: '', retry: { attempts: 1 }, timeout: 10_000 })
  } finally {
    await rm(cache, { recursive: true, force: true })
  }
}
console.log(done)
