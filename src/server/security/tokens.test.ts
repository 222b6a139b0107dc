/** Authentication, rate limits and CORS. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type TinyService, tinyService } from '../../../tests/tiny-service.ts'

const TOKEN = 'correct-horse-battery-staple'
const question = 'who is in ro?'
const context = 'bo is in ro.'

describe('a service with tokens', () => {
  let service: TinyService
  beforeAll(async () => {
    const corsOrigins = ['https://one.example']
    service = await tinyService({ tokens: ['another-token-of-ours', TOKEN], rateLimit: 8, corsOrigins })
  })
  afterAll(() => service.close())

  const ask = (headers: Record<string, string>, remoteAddress = '10.0.0.1') =>
    service.app.inject({ method: 'POST', url: '/api/answer', payload: { question, context }, headers, remoteAddress })

  it('answers only requests with a valid token', async () => {
    expect((await ask({ authorization: `Bearer ${TOKEN}` })).statusCode).toBe(200)
    for (const authorization of [
      '',
      'Bearer',
      'Bearer ',
      `Basic ${TOKEN}`,
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
    ]) {
      const rejected = await ask({ authorization })
      expect(rejected.statusCode, authorization).toBe(401)
      expect(rejected.headers['www-authenticate']).toMatch(/^Bearer/)
    }
  })

  it('identifies clients by network and token', async () => {
    const { queue } = service.models.get()
    const enter = vi.spyOn(queue, 'enter')
    const address = '2001:db8:0:7::1'
    await ask({ authorization: 'Bearer another-token-of-ours' }, address)
    await ask({ authorization: `bearer ${TOKEN}` }, address)
    await ask({ authorization: 'Bearer made-up' }, address)
    expect(enter.mock.calls.map(([, client]) => client)).toEqual(['2001:db8:0:7 0', '2001:db8:0:7 1'])
    enter.mockRestore()
  })

  it('requires a token for models and metrics, but not for health checks', async () => {
    const from = { remoteAddress: '10.0.0.2' }
    for (const url of ['/api/models', '/metrics'])
      expect((await service.app.inject({ url, ...from })).statusCode, url).toBe(401)
    for (const url of ['/health', '/ready', '/openapi.json'])
      expect((await service.app.inject({ url, ...from })).statusCode, url).toBe(200)
  })

  it('reloads a model for a client with a token', async () => {
    const before = service.models.get('tiny')
    const response = await service.app.inject({
      method: 'POST',
      url: '/api/models/tiny/reload',
      headers: { authorization: `Bearer ${TOKEN}` },
      remoteAddress: '10.0.0.3',
    })
    expect(response.json()).toMatchObject({ id: 'tiny', default: true })
    expect(service.models.get('tiny')).not.toBe(before)
    expect((await ask({ authorization: `Bearer ${TOKEN}` }, '10.0.0.3')).statusCode).toBe(200)
  })

  it('limits the requests per minute of each client and sends Retry-After', async () => {
    const from = (address: string) => ask({ authorization: `Bearer ${TOKEN}` }, address)
    const first = await Promise.all(Array.from({ length: 8 }, () => from('10.0.0.9')))
    const more = await from('10.0.0.9')
    expect(first.map(({ statusCode }) => statusCode)).toEqual(new Array(8).fill(200))
    expect(more.json()).toMatchObject({ status: 429, title: 'Too Many Requests' })
    expect(Number(more.headers['retry-after'])).toBeGreaterThan(0)
    expect((await from('10.0.0.10')).statusCode).toBe(200)
  })

  it.each([
    [
      'a wrong token',
      { url: '/api/answer', headers: { authorization: 'Bearer wrong' }, payload: { question, context } },
      401,
    ],
    ['an unknown route', { url: '/nowhere', payload: {} }, 404],
    [
      'invalid JSON',
      {
        url: '/api/answer',
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
        payload: '{',
      },
      400,
    ],
    [
      'an unsupported content type',
      { url: '/api/answer', headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'text/x' }, payload: 'x' },
      415,
    ],
    [
      'a missing field',
      { url: '/api/answer', headers: { authorization: `Bearer ${TOKEN}` }, payload: { question } },
      422,
    ],
  ] as const)('counts requests rejected for %s', async (_name, request, status) => {
    const remoteAddress = `10.1.0.${status - 400}`
    const send = async (more: object = request) =>
      (await service.app.inject({ method: 'POST', remoteAddress, ...more })).statusCode
    const statuses: number[] = []
    for (let i = 0; i < 9; i++) statuses.push(await send())
    expect(statuses).toEqual([...new Array(8).fill(status), 429])
    expect(
      await send({ ...request, headers: { authorization: `Bearer ${TOKEN}` }, payload: { question, context } }),
    ).toBe(429)
  })

  it('does not count health checks and documentation', async () => {
    const remoteAddress = '10.2.0.1'
    for (let i = 0; i < 20; i++)
      for (const url of ['/health', '/ready', '/openapi.json'])
        expect((await service.app.inject({ url, remoteAddress })).statusCode).toBe(200)
  })

  it('allows CORS requests from the listed origins only', async () => {
    const origin = async (name: string) => {
      const headers = { origin: name, 'access-control-request-method': 'POST' }
      const response = await service.app.inject({ method: 'OPTIONS', url: '/api/answer', headers })
      return response.headers['access-control-allow-origin']
    }
    expect(await origin('https://one.example')).toBe('https://one.example')
    expect(await origin('https://other.example')).not.toBe('https://other.example')
  })
})
