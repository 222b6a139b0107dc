import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { expect, it } from 'vitest'
import { BERT, hubWorld } from '../../tests/hub-world.ts'
import { send } from './http.ts'
import { cacheFolder, openHub } from './options.ts'

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

it('the token is the option, HF_TOKEN, the file of HF_TOKEN_PATH, or HF_HOME/token', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanforge-token-'))
  const own = join(folder, 'own')
  writeFileSync(join(folder, 'token'), 'hf_home\n')
  writeFileSync(own, 'hf_path\n')
  const token = (environment: object, options = {}) => openHub(options, { HF_HOME: folder, ...environment }).token
  expect(token({})).toBe('hf_home')
  expect(token({ HF_TOKEN_PATH: own })).toBe('hf_path')
  expect(token({ HF_TOKEN_PATH: own, HF_TOKEN: ' hf_env ' })).toBe('hf_env')
  expect(token({ HF_TOKEN: 'hf_env' }, { token: 'hf_option' })).toBe('hf_option')
  expect(token({ HF_TOKEN: 'hf_env' }, { token: '' })).toBeUndefined()
  expect(token({ HF_TOKEN_PATH: join(folder, 'none') })).toBeUndefined()
})

it('HF_ENDPOINT is an address, and HF_HUB_OFFLINE is true in the ways of Python', () => {
  expect(openHub({}, {}).endpoint).toBe('https://huggingface.co')
  expect(openHub({}, { HF_ENDPOINT: 'http://mirror/' }).endpoint).toBe('http://mirror')
  expect(() => openHub({}, { HF_ENDPOINT: 'mirror' })).toThrow('the hub\'s address is "mirror"')
  const offline = (HF_HUB_OFFLINE: string) => openHub({}, { HF_HUB_OFFLINE }).offline
  expect(['1', 'true', 'YES', 'on', '0', '', 'no'].map(offline)).toEqual([true, true, true, true, false, false, false])
})

it('a proxy named in the environment carries the requests, except to hosts of NO_PROXY', async () => {
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
      const hub = openHub({ ...world.options }, { HTTP_PROXY, ...environment })
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
