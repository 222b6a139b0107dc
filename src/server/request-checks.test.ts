/** Requests that the service accepts or rejects, and its error messages. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TinyService, tinyService, tinyText } from '../../tests/tiny-service.ts'
import { packageFile } from '../package-root.ts'
import type { Problem } from './http/contract.ts'

const question = 'who is in ro?'
const context = 'bo is in ro.'

describe('a service without tokens', () => {
  let service: TinyService
  beforeAll(async () => {
    const limits = { question: 50, context: 10_000, questions: 3, windows: 40 }
    service = await tinyService({ bodyLimit: 100_000, limits, pages: packageFile('dist/web') })
  })
  afterAll(() => service.close())

  const post = (url: string, payload: object | string) =>
    service.app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json' } })
  const problemOf = async (url: string, payload: object | string) => {
    const response = await post(url, payload)
    expect(response.headers['content-type']).toMatch('application/problem+json')
    expect(response.json<Problem>().status).toBe(response.statusCode)
    return response.json<Problem>()
  }

  it.each([
    ['a question without a context', { question }, 'context: expected either context or contexts'],
    ['both context and contexts', { question, context, contexts: [context] }, 'context: expected either'],
    ['an empty question', { question: '', context }, 'question: '],
    ['a number as context', { question, context: 7 }, 'context: '],
    ['an unknown field', { question, context, topk: 1 }, 'topk'],
    ['top_k of 0', { question, context, top_k: 0 }, 'top_k: '],
    [
      'a window longer than the model',
      { question, context, max_seq_len: 1000 },
      'the model supports at most 64 tokens',
    ],
    ['a doc_stride that leaves no new tokens', { question, context: tinyText(200), doc_stride: 60 }, 'doc_stride'],
    ['a question that is too long', { question: 'x'.repeat(51), context }, '51 characters; the maximum is 50'],
    ['an array', [], 'expected object'],
  ])('rejects %s with 422 and says what was expected', async (_name, payload, words) => {
    const { status, detail, remedy } = await problemOf('/api/answer', payload)
    expect({ status, detail }).toEqual({ status: 422, detail: expect.stringContaining(words) })
    expect(remedy).toBeTruthy()
  })

  it('points to /api/batch when several questions are sent', async () => {
    const { remedy } = await problemOf('/api/answer', { questions: [question], context })
    expect(remedy).toContain('/api/batch')
  })

  it('rejects other methods with 405 and lists the allowed ones', async () => {
    const response = await service.app.inject({ method: 'GET', url: '/api/answer?x=1' })
    expect(response.statusCode).toBe(405)
    expect(response.headers.allow).toBe('POST')
    expect(response.json<Problem>().detail).toBe('Method GET is not allowed at /api/answer. Allowed: POST.')
    const { headers } = await service.app.inject({ method: 'DELETE', url: '/health' })
    expect(headers.allow).toBe('GET, HEAD')
  })

  it('rejects more questions than the limit', async () => {
    const problem = await problemOf('/api/batch', { questions: ['a', 'b', 'c', 'd'], context })
    expect(problem).toMatchObject({ status: 422, detail: expect.stringContaining('4 questions') })
  })

  it.each([
    ['/api/answer', { question, context: tinyText(900), max_seq_len: 32, doc_stride: 21 }],
    ['/api/batch', { questions: [question, question], context: tinyText(900) }],
    ['/api/stream', { questions: [question, question], context: tinyText(900) }],
    [
      '/',
      {
        inputs: [
          { question, context: tinyText(900) },
          { question, context: tinyText(900) },
        ],
      },
    ],
    ['/api/answer', { question, contexts: tinyText(60).split(' ') }],
  ])('rejects requests that exceed the window limit at %s', async (url, payload) => {
    const { status, detail, remedy } = await problemOf(url, payload)
    expect({ status, detail }).toEqual({
      status: 422,
      detail: expect.stringMatching(/needs (at least )?\d+ windows.* maximum is 40/),
    })
    expect(remedy).toContain('--max_windows')
  })

  it('rejects texts and bodies that are too large', async () => {
    expect(await problemOf('/api/answer', { question, context: 'x'.repeat(10_001) })).toMatchObject({
      status: 413,
      remedy: expect.stringContaining('--max_context'),
    })
    expect(await problemOf('/api/answer', { question, context: 'x'.repeat(100_000) })).toMatchObject({
      status: 413,
      detail: 'The body is larger than 0.1 MB.',
      remedy: expect.stringContaining('--max_body'),
    })
  })

  it.each([
    ['broken JSON', '{"question": "who'],
    ['an empty body', ''],
    ['JSON that poisons prototypes', '{"__proto__": {"admin": true}, "question": "a", "context": "b"}'],
  ])('rejects %s with 400', async (_name, payload) => {
    expect(await problemOf('/api/answer', payload)).toMatchObject({ status: 400 })
  })

  it('survives deeply nested JSON', async () => {
    const deep = (inside: string) => `${'[{"a":'.repeat(9_000)}${inside}${'}]'.repeat(9_000)}`
    expect(await problemOf('/api/answer', deep('1'))).toMatchObject({ status: 422 })
    expect(await problemOf('/api/answer', deep('{"__proto__": 1}'))).toMatchObject({ status: 400 })
    expect(await problemOf('/api/answer', '['.repeat(90_000))).toMatchObject({ status: 400 })
  })

  it('accepts only JSON, which cross-origin pages cannot send without a preflight request', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const headers = { 'content-type': type }
      const response = await service.app.inject({ method: 'POST', url: '/api/answer', payload: 'x', headers })
      expect(response.statusCode).toBe(415)
      expect(response.json<Problem>().remedy).toContain('application/json')
    }
    const preflight = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
    const response = await service.app.inject({ method: 'OPTIONS', url: '/api/answer', headers: preflight })
    expect(response.headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('returns scripts in questions, texts and paths as JSON, never as HTML', async () => {
    const script = '<script>alert(1)</script>'
    const found = await post('/api/answer', { question: script, context: `bo ${script}` })
    const missing = await post('/api/answer', { question, context, model: script })
    const nowhere = await service.app.inject(`/${script}`)
    expect([found.statusCode, missing.statusCode, nowhere.statusCode]).toEqual([200, 404, 404])
    for (const { headers } of [found, missing, nowhere]) {
      expect(headers['content-type']).toMatch(/^application\/(problem\+)?json/)
      expect(headers['x-content-type-options']).toBe('nosniff')
    }
  })

  it.each([
    '/assets/../../package.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/..%5c..%5cpackage.json',
    '/assets//etc/passwd',
    '/assets/%00',
    '/docs/static/..%2f..%2fpackage.json',
  ])('does not serve a file for %s', async (url) => {
    const response = await service.app.inject(url)
    expect(response.statusCode).toBeGreaterThanOrEqual(400)
    expect(response.statusCode).toBeLessThan(500)
    expect(response.body).not.toContain('root:')
    expect(response.body).not.toContain('"dependencies"')
  })

  it.each(['/models/..%2f..%2fsecret', '/models/../secret', '/models/%2fetc/passwd'])(
    'does not look for a model at %s',
    async (url) => {
      expect(await problemOf(url, { inputs: { question, context } })).toMatchObject({ status: 404 })
    },
  )

  it('does not allow clients to reload models', async () => {
    expect(await problemOf('/api/models/tiny/reload', {})).toMatchObject({ status: 403 })
  })

  it('serves its page, whose resources all come from the same server', async () => {
    const page = await service.app.inject('/')
    const assets = [...page.body.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, path]) => path)
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none';script-src 'self';style-src 'self';/)
    expect(page.headers['x-frame-options']).toBe('DENY')
    expect(page.body).not.toMatch(/<script(?![^>]*src=)|https?:\/\//)
    expect(assets.length).toBeGreaterThan(1)
    for (const path of assets) {
      const asset = await service.app.inject(`/${path}`)
      expect(asset.statusCode).toBe(200)
      expect(asset.headers['cache-control']).toContain('immutable')
    }
  })

  it('is not ready while it would reject a question', async () => {
    const { queue } = service.models.get()
    const places = Array.from({ length: 64 }, (_, i) => queue.enter(100, `client ${i}`))
    const ready = await service.app.inject('/ready')
    expect([ready.statusCode, ready.json<Problem>().detail]).toEqual([503, 'The server is overloaded.'])
    expect((await service.app.inject('/health')).statusCode).toBe(200)
    expect((await post('/api/answer', { question, context })).statusCode).toBe(503)
    for (const { leave } of places) leave()
    expect((await service.app.inject('/ready')).statusCode).toBe(200)
  })

  it('documents every route and its errors in OpenAPI 3.1', async () => {
    const { openapi, paths } = (await service.app.inject('/openapi.json')).json()
    expect(openapi).toBe('3.1.0')
    expect(Object.keys(paths).sort()).toEqual([
      '/',
      '/api/answer',
      '/api/batch',
      '/api/models',
      '/api/models/{id}/reload',
      '/api/models/{owner}/{name}/reload',
      '/api/stream',
      '/health',
      '/metrics',
      '/models/{name}',
      '/models/{owner}/{name}',
      '/ready',
    ])
    const { responses, requestBody } = paths['/api/answer'].post
    expect(requestBody.content['application/json'].schema.$ref).toContain('AnswerRequest')
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '413', '422', '429', '503', '504']))
    expect(responses['422'].content).toHaveProperty(['application/problem+json'])
  })

  it('is healthy and ready, and counts requests', async () => {
    await post('/api/answer', { question, context })
    expect((await service.app.inject('/health')).statusCode).toBe(200)
    expect((await service.app.inject('/ready')).statusCode).toBe(200)
    const { body } = await service.app.inject('/metrics')
    expect(body).toMatch(/spanforge_questions_total\{model="tiny"\} [1-9]/)
    expect(body).toMatch(/spanforge_http_request_duration_seconds_count\{.*route="\/api\/answer",status="422"\} [1-9]/)
    expect(body).toMatch(/spanforge_queue_requests\{model="tiny"\} 0/)
  })
})
