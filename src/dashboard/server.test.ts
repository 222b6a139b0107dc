import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { noScreen } from '../runs/screen/screen.ts'
import { parseArguments } from '../training/arguments/arguments.ts'
import { LiveRun } from './live-run.ts'
import { startDashboard } from './server.ts'

/** Starts the dashboard of a run that has not begun yet. `asked.stops` counts stop requests. */
async function liveDashboard({ host }: { host?: string } = {}) {
  const folder = temporaryFolder()
  const asked = { stops: 0 }
  const args = parseArguments({ output_dir: join(folder, 'run') }, 'test')
  const live = await LiveRun.open(args, { screen: noScreen, stop: () => asked.stops++ })
  const dashboard = await startDashboard({ folder, depth: 1, live, port: 0, host })
  onTestFinished(async () => {
    await live.close()
    await dashboard.close()
  })
  const [address, token] = dashboard.address.split('/#token=')
  return { address: address, token: token, live, asked, dashboard }
}

/** Sends a control request like the page, with the given headers replaced. */
const control = (address: string, token: string, headers: Record<string, string> = {}, action: unknown = 'stop') =>
  fetch(`${address}/api/control`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: address, authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify({ action }),
  })

/** Sends a request with the given Host header, which fetch() does not allow. */
const withHost = (address: string, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    import('node:http').then(({ get }) =>
      get(`${address}/api/dashboard`, { headers: { host } }, (response) => {
        response.resume()
        resolve(response.statusCode!)
      }).on('error', reject),
    )
  })

test('serves the page with security headers', async () => {
  const { address } = await liveDashboard()
  const page = await fetch(address)
  expect(page.status).toBe(200)
  expect(await page.text()).toContain('<div id="app">')
  expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  expect(await (await fetch(`${address}/api/dashboard`)).json()).toMatchObject({ live: 'run' })
})

test('the page can stop the run once with the token', async () => {
  const { address, token, asked } = await liveDashboard()
  expect((await control(address, token)).status).toBe(204)
  expect(asked.stops).toBe(1)
  const again = await control(address, token)
  expect(again.status).toBe(409)
  expect((await again.json()).detail).toBe('stop: the run is stopping')
  expect(asked.stops).toBe(1)
})

test.each([
  ['another origin', { origin: 'http://evil.example' }, 403],
  ['the same machine, another port', { origin: 'http://127.0.0.1:1' }, 403],
  ['an opaque origin', { origin: 'null' }, 403],
  ['a cross-site request', { 'sec-fetch-site': 'cross-site' }, 403],
  ['a wrong token', { authorization: `Bearer ${'0'.repeat(32)}` }, 401],
  ['no token', { authorization: '' }, 401],
  ['a form on another page', { 'content-type': 'text/plain' }, 415],
])('rejects control from %s', async (_, headers, status) => {
  const { address, token, asked } = await liveDashboard()
  expect((await control(address, token, headers as Record<string, string>)).status).toBe(status)
  expect(asked.stops).toBe(0)
})

test('rejects control without an Origin and unknown actions', async () => {
  const { address, token, asked } = await liveDashboard()
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const body = JSON.stringify({ action: 'stop' })
  expect((await fetch(`${address}/api/control`, { method: 'POST', headers, body })).status).toBe(403)
  expect((await control(address, token, {}, 'explode')).status).toBe(422)
  expect((await control(address, token, {}, 'resume')).status).toBe(409)
  expect(asked.stops).toBe(0)
})

test('accepts IP addresses and localhost as Host, but no other names', async () => {
  const { address } = await liveDashboard()
  for (const host of ['evil.example', 'evil.example:6007', '127.0.0.1.evil.example', 'user@localhost'])
    expect(await withHost(address, host), host).toBeGreaterThanOrEqual(400)
  for (const host of ['localhost:9', '127.0.0.1', '[::1]:6007', '192.168.1.7'])
    expect(await withHost(address, host), host).toBe(200)
})

test('uses the next free port if the port is in use', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  onTestFinished(() => void other.close())
  const { port } = other.address() as AddressInfo
  const dashboard = await startDashboard({ folder: temporaryFolder(), depth: 1, port })
  onTestFinished(dashboard.close)
  expect(dashboard.port).toBeGreaterThan(port)
  expect((await fetch(dashboard.address)).status).toBe(200)
})

test('rejects a host that is not an address of this machine, with a remedy', async () => {
  await expect(startDashboard({ folder: temporaryFolder(), depth: 1, port: 0, host: '203.0.113.1' })).rejects.toThrow(
    /cannot listen on 203.0.113.1.*\n.*--dashboard_host/,
  )
})

/** Reads events from the stream until there are `enough`, then disconnects. */
async function events(address: string, enough: number, last?: string) {
  const disconnect = new AbortController()
  const response = await fetch(`${address}/api/events`, {
    signal: disconnect.signal,
    headers: last === undefined ? {} : { 'last-event-id': last },
  })
  const found: { id?: string; event: string; data: { text?: string } }[] = []
  let text = ''
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    text += read.value
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = Object.fromEntries(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => line.split(/: (.*)/s)),
      )
      if (fields.event !== 'pulse') found.push({ ...fields, data: JSON.parse(fields.data) } as (typeof found)[0])
      text = text.slice(end + 2)
    }
    if (found.length >= enough) break
  }
  disconnect.abort()
  return { found, type: response.headers.get('content-type') }
}

test('streams past and new records, continues after the last id, and resets for an unknown id', async () => {
  const { address, live } = await liveDashboard()
  const note = (text: string) => live.log.append({ type: 'note', at: 1, text })
  const begun = live.log.all.length
  note('one')
  const reading = events(address, 1 + begun + 2)
  setTimeout(() => note('two'), 50)
  const { found, type } = await reading
  expect(type).toContain('text/event-stream')
  expect(found[0].event).toBe('reset')
  expect(found.slice(-2).map(({ data }) => data.text)).toEqual(['one', 'two'])

  note('three')
  note('four')
  const rest = await events(address, 2, found.at(-1)!.id)
  expect(rest.found.map(({ event, data }) => [event, data.text])).toEqual([
    ['record', 'three'],
    ['record', 'four'],
  ])
  expect((await events(address, 1, 'f00f00f00f00-3')).found[0].event).toBe('reset')
})

test('sends an end event when the dashboard closes', async () => {
  const { address, live, dashboard } = await liveDashboard()
  const reading = events(address, Number.POSITIVE_INFINITY)
  while (!live.log.isWatched) await new Promise((resolve) => setTimeout(resolve, 5))
  await dashboard.close()
  expect((await reading).found.at(-1)!.event).toBe('end')
})

test('serves runs by their ids in the list, never by path', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'runs/a b'), { recursive: true })
  writeFileSync(join(folder, 'runs/a b/training_args.json'), '{"seed": 1}')
  writeFileSync(join(folder, 'training_args.json'), '{"seed": 2}')
  const dashboard = await startDashboard({ folder: join(folder, 'runs'), depth: 2, port: 0 })
  onTestFinished(dashboard.close)
  const [address] = dashboard.address.split('#')
  const run = (id: string) => fetch(`${address}api/run?id=${encodeURIComponent(id)}`)
  expect(await (await run('a b')).json()).toMatchObject({ view: { arguments: { seed: 1 } }, problems: [] })
  for (const id of ['..', '../', '.', 'a b/..', '/', '%2e%2e', 'a b\0'])
    expect((await run(id)).status, JSON.stringify(id)).toBe(404)
  expect((await fetch(`${address}api/events`)).status).toBe(404)
  expect((await fetch(`${address}../../package.json`)).status).toBe(404)
})

test('saves notes in the folder of the run, but only with the token', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'one'))
  writeFileSync(join(folder, 'one/training_args.json'), '{"seed": 1}')
  const dashboard = await startDashboard({ folder, depth: 1, port: 0 })
  onTestFinished(dashboard.close)
  const [address, token] = dashboard.address.split('#token=')
  const keep = async (body: object, headers: Record<string, string> = {}) =>
    (
      await fetch(`${address}api/note`, {
        method: 'PUT',
        headers: {
          'content-type': 'application/json',
          origin: address.replace(/\/$/, ''),
          authorization: `Bearer ${token}`,
          ...headers,
        },
        body: JSON.stringify(body),
      })
    ).status
  const noted = async () => (await (await fetch(`${address}api/runs`)).json()).runs[0].note
  expect(await noted()).toBe('')
  expect(await keep({ id: 'one', note: ' Best so far.\n' })).toBe(204)
  expect(await noted()).toBe('Best so far.')
  expect(readFileSync(join(folder, 'one/dashboard-note.txt'), 'utf8')).toBe('Best so far.\n')
  expect(await keep({ id: 'one', note: 'x' }, { authorization: '' })).toBe(401)
  expect(await keep({ id: 'one', note: 'x' }, { origin: 'https://elsewhere.example' })).toBe(403)
  expect(await keep({ id: '../one', note: 'x' })).toBe(404)
  expect(await keep({ id: 'one', note: 'x'.repeat(2001) })).toBe(422)
  expect(await noted()).toBe('Best so far.')
  expect(await keep({ id: 'one', note: '' })).toBe(204)
  expect(existsSync(join(folder, 'one/dashboard-note.txt'))).toBe(false)
})
