/** Bodies that would cost the server far more than they cost the client. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type TinyService, tinyService } from '../../tests/tiny-service.ts'
import type { Problem } from './contract.ts'

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
  ['a million unknown keys', `{${keys(1_000_000)}}`, 422, 'more than 100,000 values'],
  ['90,000 unknown keys', `{"question": "a", "context": "b", ${keys(90_000)}}`, 422, ' and 89,99'],
  ['one very long unknown key', `{"${'k'.repeat(1e6)}": 1}`, 422, 'unknown key kkk'],
  ['a list of a million numbers', `{"context": "a", "contexts": [${many(1e6)}]}`, 422, 'more than 100,000 values'],
  ['JSON nested 90,000 deep', `{"question": ${'['.repeat(9e4)}${']'.repeat(9e4)}}`, 422, 'nested deeper than 20'],
  ['a model with a very long name', JSON.stringify({ question, context, model: 'm'.repeat(1e6) }), 404, 'mmm'],
  ['an odd model name', JSON.stringify({ question, context, model: '\u001b[31m' }), 404, '\\u001b[31m'],
]

it.each(bodies)('answers %s with a short problem', async (_name, payload, status, words) => {
  for (const url of ['/api/answer', '/api/batch', '/api/stream']) {
    if (url !== '/api/answer' && status === 404) continue
    const headers = { 'content-type': 'application/json' }
    const response = await service.app.inject({ method: 'POST', url, payload, headers })
    expect(response.json<Problem>()).toMatchObject({ status, detail: expect.stringContaining(words) })
    expect(Buffer.byteLength(response.body)).toBeLessThan(4096)
  }
})

it('answers a list of wrong inputs, and an unknown path, with a short problem', async () => {
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
