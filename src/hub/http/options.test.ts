import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { expect, it } from 'vitest'
import { BERT, hubWorld } from '../../../tests/hub-world.ts'
import { resolveModel } from '../download/models.ts'
import { cacheFolder, resolveHub } from './options.ts'
import { send } from './request.ts'

const world = hubWorld((server) => {
  server.add('model', 'ann/bert').commit(BERT)
})

it.each([
  [{ HOME: '/home/ann' }, '/home/ann/.cache/huggingface/hub'],
  [{ HOME: '/home/ann', XDG_CACHE_HOME: '/cache' }, '/cache/huggingface/hub'],
  [{ HOME: '/home/ann', HF_HOME: '~/hf' }, '/home/ann/hf/hub'],
  [{ HOME: '/home/ann', HF_HOME: '$HOME/hf' }, '/home/ann/hf/hub'],
  [{ HF_HOME: '/hf', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
  [{ HF_HOME: '/hf', HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/new' }, '/new'],
])('with %j the cache is %s, as in Python', (environment, folder) => {
  expect(cacheFolder(environment)).toBe(folder)
})

it('takes the token from the option, HF_TOKEN, the file at HF_TOKEN_PATH, or HF_HOME/token', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanforge-token-'))
  const own = join(folder, 'own')
  writeFileSync(join(folder, 'token'), 'hf_home\n')
  writeFileSync(own, 'hf_path\n')
  const token = (environment: object, options = {}) => resolveHub(options, { HF_HOME: folder, ...environment }).token
  expect(token({})).toBe('hf_home')
  expect(token({ HF_TOKEN_PATH: own })).toBe('hf_path')
  expect(token({ HF_TOKEN_PATH: own, HF_TOKEN: ' hf_env ' })).toBe('hf_env')
  expect(token({ HF_TOKEN: 'hf_env' }, { token: 'hf_option' })).toBe('hf_option')
  expect(token({ HF_TOKEN: 'hf_env' }, { token: '' })).toBeUndefined()
  expect(token({ HF_TOKEN_PATH: join(folder, 'none') })).toBeUndefined()
})

it('validates HF_ENDPOINT, and reads HF_HUB_OFFLINE as Python does', () => {
  expect(resolveHub({}, {}).endpoint).toBe('https://huggingface.co')
  expect(resolveHub({}, { HF_ENDPOINT: 'http://mirror/' }).endpoint).toBe('http://mirror')
  expect(() => resolveHub({}, { HF_ENDPOINT: 'mirror' })).toThrow('invalid hub address "mirror"')
  const offline = (HF_HUB_OFFLINE: string) => resolveHub({}, { HF_HUB_OFFLINE }).offline
  expect(['1', 'true', 'YES', 'on', '0', '', 'no'].map(offline)).toEqual([true, true, true, true, false, false, false])
})

it.each([
  ['a line break', 'hf_one\nhf_two'],
  ['a space', 'hf_one hf_two'],
  ['a null byte', 'hf_\0'],
  ['letters that are not allowed in a header', 'hf_höher'],
])('rejects a token with %s at once, without showing it', (_name, HF_TOKEN) => {
  const folder = mkdtempSync(join(tmpdir(), 'spanforge-token-'))
  writeFileSync(join(folder, 'token'), HF_TOKEN)
  for (const environment of [{ HF_TOKEN }, { HF_HOME: folder }])
    expect(() => resolveHub({}, environment)).toThrow(
      /^(HF_TOKEN|.*\/token) contains a line break or another character/,
    )
  expect(() => resolveHub({ token: HF_TOKEN }, {})).toThrow(/^(?!.*hf_[\0oh])/)
  expect(resolveHub({ token: 'hf_one\r\n' }, {}).token).toBe('hf_one')
  expect(resolveHub({ offline: true }, { HF_TOKEN }).token).toBeUndefined()
})

it('sends a user name and password in HF_ENDPOINT only to that host, and shows them in no message', async () => {
  const { server, options } = world
  const endpoint = server.endpoint.replace('http://', 'http://ann:s%40cret@')
  await resolveModel('ann/bert', { ...options, endpoint })
  const credentials = `Basic ${Buffer.from('ann:s@cret').toString('base64')}`
  for (const { server: which, headers } of server.requests)
    expect(headers.authorization).toBe(which === 'hub' ? credentials : undefined)
  const messages: string[] = []
  const failing = async (address: string, name = 'ann/none') => {
    const onNotice = (text: string) => messages.push(text)
    const error = await resolveModel(name, { ...options, endpoint: address, onNotice }).catch((error) => error)
    messages.push(String(error.message), String(error.cause?.message))
  }
  server.misbehave(/none/, { redirect: 'ftp://ann:s@cret@elsewhere/?key=s@cret' })
  await failing(endpoint)
  server.misbehave(/none/, { status: 400, text: 'no' })
  await failing(endpoint)
  server.misbehave(/none/, { status: 200, text: 'no JSON' })
  await failing(endpoint)
  await failing(endpoint)
  await failing('http://ann:s%40cret@127.0.0.1:1')
  await failing('http://ann:s%40cret@127.0.0.1:1', 'ann/bert')
  await failing('http://ann:s%40cret@127.0.0.1:notaport')
  await failing('http://ann:s%40/cret@127.0.0.1:notaport')
  await failing('ftp://ann:s%40cret@mirror')
  await failing('http://mirror/?token=s%40cret')
  expect(messages.filter((message) => message !== 'undefined').length).toBeGreaterThan(10)
  for (const message of messages) expect(message).not.toMatch(/s(@|%40)\/?cret|cret@/)
})

it('names the proxy in the error if the proxy rejects a request', async () => {
  const proxy = createServer((_request, response) => response.writeHead(407).end()).on('connect', (_request, socket) =>
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'),
  )
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const ALL_PROXY = `ann:s@cret@127.0.0.1:${(proxy.address() as AddressInfo).port}`
  try {
    for (const url of ['http://hub.example.org/x', 'https://hub.example.org/x']) {
      const error = await send(resolveHub(world.options, { ALL_PROXY }), { url }).catch((error) => error)
      expect(error.message).toMatch(/the proxy refused to connect to hub.example.org \(407\)\n.*user name and password/)
      expect(error.message).not.toContain('cret')
    }
  } finally {
    proxy.closeAllConnections()
    await new Promise((resolve) => proxy.close(resolve))
  }
})

it('sends requests through the proxy in the environment, except to hosts in NO_PROXY', async () => {
  const carried: string[] = []
  const tunnels: Duplex[] = []
  const proxy = createServer((incoming, outgoing) => {
    carried.push(`${incoming.method} ${incoming.url}`)
    const onward = request(incoming.url!, { method: incoming.method, headers: incoming.headers }, (answer) =>
      answer.pipe(outgoing.writeHead(answer.statusCode!, answer.headers)),
    )
    incoming.pipe(onward)
  }).on('connect', ({ url }, socket) => {
    carried.push(`CONNECT ${url}`)
    const [host, port] = url!.split(':')
    const onward = connect(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    socket.pipe(onward).pipe(socket)
    tunnels.push(socket)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  try {
    const { endpoint } = world.server
    const ask = async (environment: object) => {
      const hub = resolveHub({ ...world.options }, { HTTP_PROXY, ...environment })
      const { status, body } = await send(hub, { url: `${endpoint}/api/models/ann/bert` })
      body.destroy()
      return status
    }
    expect(await ask({})).toBe(200)
    expect(carried).toHaveLength(1)
    expect(carried[0]).toContain(new URL(endpoint).host)
    expect(await ask({ NO_PROXY: '127.0.0.1' })).toBe(200)
    expect(await ask({ HTTP_PROXY: '' })).toBe(200)
    expect(carried).toHaveLength(1)
  } finally {
    for (const tunnel of tunnels) tunnel.destroy()
    proxy.closeAllConnections()
    await new Promise((resolve) => proxy.close(resolve))
  }
})
