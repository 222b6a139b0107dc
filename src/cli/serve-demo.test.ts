import { cpSync } from 'node:fs'
import { createServer } from 'node:net'
import { PassThrough } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { tinyFolder } from '../../tests/tiny-squad.ts'
import { createOutput } from './output.ts'
import { serveDemo } from './serve-demo.ts'

/** Serves a finished demonstration until `meanwhile` is done with its address; returns what was printed. */
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

describe('the last step of the demonstration', () => {
  it('serves the page over the model just trained until Ctrl-C, and says how to do so again', async () => {
    const printed = await served(async (address) => {
      const page = await fetch(address)
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Ask a text')])
      const list = await fetch(`${address}api/models`)
      expect(await list.json()).toMatchObject({ models: [{ id: 'run', source: expect.stringMatching(/run$/) }] })
    })
    expect(printed).toMatch(/Ctrl-C ends it. Later: npx spanforge serve \S+run\n/)
  })

  it('takes another port where the usual one is taken', async () => {
    const other = createServer()
    // Where another program holds the port already, so much the better.
    await new Promise<void>((done) => other.once('error', () => done()).listen(8000, '127.0.0.1', done))
    onTestFinished(() => void other.close())
    await served(async (address) => {
      expect(new URL(address).port).not.toBe('8000')
      expect((await fetch(`${address}api/models`)).status).toBe(200)
    })
  })
})
