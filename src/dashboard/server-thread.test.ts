import { once } from 'node:events'
import { createServer } from 'node:net'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { noScreen } from '../runs/screen/screen.ts'
import { parseArguments } from '../training/arguments/arguments.ts'
import { watchRun } from './watch-run.ts'

const argumentsIn = (output_dir: string) =>
  parseArguments({ model: 'some-model', train_file: 'train.json', output_dir }, 'test')

/** Opens the page like a browser, in a separate thread, and wakes the main thread when everything has arrived. */
const VISITOR = `
  const { workerData } = require('node:worker_threads')
  const visit = async () => {
    const { address, opened } = workerData
    await (await fetch(address)).text()
    await (await fetch(address + 'api/runs')).json()
    const events = (await fetch(address + 'api/events')).body.getReader()
    let text = ''
    while (!text.includes('"status":"preparing"')) text += new TextDecoder().decode((await events.read()).value)
    Atomics.store(opened, 0, 1)
    Atomics.notify(opened, 0)
    await events.cancel()
  }
  visit()
`

test('the page opens while a pass of the model blocks the main thread', async () => {
  const watched = await watchRun(argumentsIn(temporaryFolder()), { screen: noScreen, stop: () => {}, port: 0 })
  onTestFinished(watched.close)
  const [address] = watched.address.split('#')
  const opened = new Int32Array(new SharedArrayBuffer(4))
  const visitor = new Worker(VISITOR, { eval: true, workerData: { address, opened } })
  expect(Atomics.wait(opened, 0, 0, 120_000)).not.toBe('timed-out')
  await visitor.terminate()
})

test('reports an unavailable port and ends the thread', async () => {
  const other = createServer().listen(65_535, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => void other.close())
  await expect(
    watchRun(argumentsIn(temporaryFolder()), { screen: noScreen, stop: () => {}, port: 65_535 }),
  ).rejects.toThrow(/dashboard: cannot listen on 127\.0\.0\.1, port 65535: .*\n {2}Choose another --dashboard_port/)
})
