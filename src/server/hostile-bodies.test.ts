/** Request bodies that are cheap to send and would be expensive to process. */
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type TinyService, tinyService } from '../../tests/tiny-service.ts'
import type { Problem } from './http/contract.ts'

let service: TinyService
beforeAll(async () => {
  service = await tinyService({ bodyLimit: 16 * 2 ** 20 })
})
afterAll(() => service.close())

const question = 'who is in ro?'
const context = 'bo is in ro.'
const keys = (count: number): string => Array.from({ length: count }, (_, i) => `"key${i}": 1`).join(', ')
const many = (count: number): string => Array.from({ length: count }, () => '1').join(',')

const bodies: readonly (readonly [name: string, body: string, status: number, words: string])[] = [
  ['a million unknown keys', `{${keys(1_000_000)}}`, 422, 'more than 10,000 fields'],
  ['90,000 unknown keys', `{"question": "a", "context": "b", ${keys(90_000)}}`, 422, 'more than 10,000 fields'],
  ['9,000 unknown keys', `{"question": "a", "context": "b", ${keys(9000)}}`, 422, ' and 8,99'],
  ['one very long unknown key', `{"${'k'.repeat(1e6)}": 1}`, 422, 'unknown key kkk'],
  ['a list of a million numbers', `{"context": "a", "contexts": [${many(1e6)}]}`, 422, 'more than 100,000 values'],
  ['JSON nested 90,000 deep', `{"question": ${'['.repeat(9e4)}${']'.repeat(9e4)}}`, 422, 'nested deeper than 20'],
  ['a model with a very long name', JSON.stringify({ question, context, model: 'm'.repeat(1e6) }), 404, 'mmm'],
  [
    'a model name with control characters',
    JSON.stringify({ question, context, model: '\u001b[31m' }),
    404,
    '\\u001b[31m',
  ],
]

it.each(bodies)('responds to %s with a short problem', async (_name, payload, status, words) => {
  for (const url of ['/api/answer', '/api/batch', '/api/stream']) {
    if (url !== '/api/answer' && status === 404) continue
    const headers = { 'content-type': 'application/json' }
    const response = await service.app.inject({ method: 'POST', url, payload, headers })
    expect(response.json<Problem>()).toMatchObject({ status, detail: expect.stringContaining(words) })
    expect(Buffer.byteLength(response.body)).toBeLessThan(4096)
  }
})

it('parses large bodies in a thread, with the same results and errors', async () => {
  const headers = { 'content-type': 'application/json' }
  const post = (payload: string | Buffer) =>
    service.app.inject({ method: 'POST', url: '/api/answer', payload, headers })
  const parse = vi.spyOn(JSON, 'parse')
  const space = ' '.repeat(2 ** 20)
  const good = JSON.stringify({ question, context })
  const statuses: number[] = []
  for (const payload of [
    space + good,
    `${space}{"question": `,
    `${space}{"__proto__": 1}`,
    Buffer.concat([Buffer.from(space), Buffer.from([0xff])]),
    `${space}{"question": ${'['.repeat(30)}${']'.repeat(30)}}`,
  ])
    statuses.push((await post(payload)).statusCode)
  expect(statuses).toEqual([200, 400, 400, 400, 422])
  expect(parse.mock.calls.filter(([text]) => text.length > 2 ** 19)).toEqual([])
  parse.mockRestore()
})

it('rejects invalid UTF-8 instead of replacing characters, and ignores a byte order mark', async () => {
  const post = (payload: Buffer) =>
    service.app.inject({ method: 'POST', url: '/api/answer', payload, headers: { 'content-type': 'application/json' } })
  const latin1 = await post(Buffer.from(JSON.stringify({ question, context: 'für bo' }), 'latin1'))
  expect([latin1.statusCode, latin1.json<Problem>().detail]).toEqual([400, 'The body is not valid UTF-8.'])
  const marked = await post(Buffer.from(`\ufeff${JSON.stringify({ question, context })}`))
  expect(marked.statusCode).toBe(200)
})

it('rejects a body in one-byte chunks, but accepts one in small chunks', async () => {
  const headers = { 'content-type': 'application/json' }
  const post = (pieces: readonly string[]) =>
    service.app.inject({ method: 'POST', url: '/api/answer', payload: Readable.from(pieces), headers })
  const pieces = [...JSON.stringify({ question, context })]
  const spaces = new Array<string>(100_000)
  expect((await post([...spaces.fill(' '), ...pieces])).json<Problem>()).toMatchObject({
    status: 400,
    detail: expect.stringContaining('more than 4096 chunks'),
  })
  expect((await post([...spaces.slice(4000).fill(' '.repeat(100)), ...pieces])).statusCode).toBe(200)
})

it('responds to many invalid inputs and to an unknown path with a short problem', async () => {
  const inputs = Array.from({ length: 900 }, (_, i) => ({ [`key${i}`.repeat(100)]: i }))
  for (const [url, payload] of [
    ['/api/batch', { inputs }],
    ['/', { inputs }],
    [`/${'x'.repeat(10_000)}`, {}],
    [`/models/${'%1b'.repeat(3000)}`, { inputs: { question, context } }],
  ] as const) {
    const response = await service.app.inject({ method: 'POST', url, payload })
    expect(response.statusCode).toBeGreaterThanOrEqual(400)
    expect(response.statusCode).toBeLessThan(500)
    expect(Buffer.byteLength(response.body)).toBeLessThan(4096)
    expect(response.json<Problem>().detail).not.toContain('\u001b')
  }
})
