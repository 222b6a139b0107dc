import { cpSync } from 'node:fs'
import { createServer } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { tinyFolder } from '../../../tests/tiny-squad.ts'
import { createOutput } from '../terminal/output.ts'
import { serveDemo } from './demo.ts'

/** Serves a finished demo until `meanwhile` has used its address, and returns the printed text. */
async function served(meanwhile: (address: string) => Promise<void>): Promise<string> {
  const folder = temporaryFolder()
  cpSync(tinyFolder, `${folder}/run`, { recursive: true })
  const stdout = new PassThrough()
  let printed = ''
  const address = new Promise<string>((resolve) => {
    stdout.on('data', (chunk) => {
      printed += chunk
      const found = /http:\S+/.exec(printed)
      if (found) resolve(found[0])
    })
  })
  const ended = serveDemo(folder, createOutput(false, { stdout, stderr: stdout }))
  await Promise.race([address.then(meanwhile), ended])
  process.emit('SIGINT')
  await ended
  return printed
}

beforeEach(() => void vi.stubEnv('SPANFORGE_STARTER', temporaryFolder()))
afterEach(() => void vi.unstubAllEnvs())

describe('the last step of the demo', () => {
  it('serves the trained model until Ctrl-C and explains how to serve it again', async () => {
    const printed = await served(async (address) => {
      const page = await fetch(address)
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Ask a text')])
      const list = await fetch(`${address}api/models`)
      expect(await list.json()).toMatchObject({ models: [{ id: 'demo', source: expect.stringMatching(/run$/) }] })
    })
    expect(printed).toMatch(/Press Ctrl-C to stop\. To serve it again: npx spanforge serve \S+run\n/)
  })

  it('serves the starter model first, and says what each model can do', async () => {
    vi.stubEnv('SPANFORGE_STARTER', tinyFolder)
    const printed = await served(async (address) => {
      const list = await (await fetch(`${address}api/models`)).json()
      expect(list).toMatchObject({
        models: [
          { id: 'starter', default: true, about: expect.stringContaining('English texts') },
          { id: 'demo', default: false, about: expect.stringContaining('invented people') },
        ],
      })
    })
    expect(printed).toContain('  starter: answers questions about English texts\n  demo: just trained;')
    expect(printed).toMatch(/To serve them again: npx spanforge serve starter demo=\S+run\n/)
  })

  it('uses another port if the default one is in use', async () => {
    const other = createServer()
    // If another program already uses the port, the test works as well.
    await new Promise<void>((done) => other.once('error', () => done()).listen(8000, '127.0.0.1', done))
    onTestFinished(() => void other.close())
    await served(async (address) => {
      expect(new URL(address).port).not.toBe('8000')
      expect((await fetch(`${address}api/models`)).status).toBe(200)
    })
  })
})
