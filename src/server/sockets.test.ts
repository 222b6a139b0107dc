/** Clients on real sockets: concurrent, slow and disconnecting ones, and a server that shuts down. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { parseStream } from '../../tests/event-stream.ts'
import { itInFull } from '../../tests/thorough.ts'
import { type TinyOptions, type TinyService, tinyService, tinyText } from '../../tests/tiny-service.ts'
import { tinyExamples, tinyFolder } from '../../tests/tiny-squad.ts'
import { pipeline } from '../api/pipeline.ts'
import { packageFile } from '../package-root.ts'
import type { AnswerResponse } from './http/contract.ts'

interface Listening extends TinyService {
  readonly port: number
  post(path: string, body: object, signal?: AbortSignal): Promise<Response>
}

async function listening(options: TinyOptions = {}): Promise<Listening> {
  const service = await tinyService(options)
  onTestFinished(() => service.close())
  await service.app.listen({ port: 0 })
  const { port } = service.app.server.address() as AddressInfo
  const headers = { 'content-type': 'application/json' }
  return {
    ...service,
    port,
    post: (path, body, signal) =>
      fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body: JSON.stringify(body), signal }),
  }
}

/** Blocks the model until the returned function is called. */
function hold({ models }: TinyService): () => void {
  const { thread } = models.get()
  const forward = thread.forward.bind(thread)
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  vi.spyOn(thread, 'forward').mockImplementation(async (rows) => {
    await released
    return forward(rows)
  })
  return release
}

const question = 'who is in ro?'
const context = 'bo is in ro.'

/** The bytes of a POST request. */
function posted(path: string, body: object): string {
  const json = JSON.stringify(body)
  const headers = `host: x\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}`
  return `POST ${path} HTTP/1.1\r\n${headers}\r\n\r\n${json}`
}

const connections = ({ app }: TinyService): Promise<number> =>
  new Promise((resolve, reject) =>
    app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )

const waiting = ({ models }: TinyService) => models.get().queue.waiting

describe('concurrent clients', () => {
  it('each get the same answer as from the pipeline', async () => {
    const service = await listening({ max_tokens: 512, max_requests: 1000 })
    const search = await pipeline('question-answering', tinyFolder)
    const examples = tinyExamples(120).map((example, i) => ({
      ...example,
      context: `${tinyText(i % 40)} ${example.context}`,
    }))
    const answers = await Promise.all(
      examples.map(async ({ question, context }) =>
        (await service.post('/api/answer', { question, context, top_k: 2 })).json(),
      ),
    )
    for (const [i, { question, context }] of examples.entries()) {
      const { candidates } = await search.search(question, [context], { top_k: 2 })
      const { answers: found } = answers[i] as AnswerResponse
      expect(found.map(({ start, end }) => [start, end])).toEqual(candidates.map(({ start, end }) => [start, end]))
      expect(found[0].score).toBeCloseTo(candidates[0].score, 5)
    }
    await search.dispose()
  })

  it('are rejected immediately above the limit, and the others are answered', async () => {
    // One client may take three quarters of the places.
    const service = await listening({ max_requests: 5 })
    const context = tinyText(100)
    const release = hold(service)
    const asked = Array.from({ length: 40 }, () => service.post('/api/answer', { question, context }))
    let answered = 0
    for (const response of asked) void response.then(() => answered++)
    // Rejections arrive while the accepted requests are still waiting.
    await vi.waitFor(() => expect(answered).toBe(36), 60_000)
    release()
    const responses = await Promise.all(asked)
    const rejected = responses.filter(({ status }) => status === 503)
    expect(rejected).toHaveLength(36)
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(4)
    for (const { headers } of rejected) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await service.post('/api/answer', { question, context })).status).toBe(200)
  })

  it('are dropped when they disconnect, without affecting others', async () => {
    const service = await listening({ max_requests: 500, max_tokens: 128 })
    const context = tinyText(1500)
    const release = hold(service)
    const gone = new AbortController()
    const left = Array.from({ length: 60 }, (_, i) =>
      service
        .post(
          i % 2 ? '/api/answer' : '/api/stream',
          i % 2 ? { question, context } : { questions: [question], context },
          gone.signal,
        )
        .then((response) => response.text())
        .catch(() => 'gone'),
    )
    await vi.waitFor(() => expect(waiting(service).requests).toBe(60), 60_000)
    gone.abort()
    expect(new Set(await Promise.all(left))).toEqual(new Set(['gone']))
    await vi.waitFor(() => expect(waiting(service)).toEqual({ requests: 0, tokens: 0 }), 60_000)
    release()
    const metrics = await (await fetch(`http://127.0.0.1:${service.port}/metrics`)).text()
    expect(Number(/^spanforge_requests_dropped_total (\d+)$/m.exec(metrics)![1])).toBe(60)
    expect((await service.post('/api/answer', { question, context: 'bo is in ro.' })).status).toBe(200)
  })

  it('are all answered while a model is reloaded', async () => {
    const service = await listening({ max_requests: 1000 })
    const old = service.models.get()
    let isDone = false
    const ask = async () => {
      const statuses: number[] = []
      while (!isDone) statuses.push((await service.post('/api/answer', { question, context: tinyText(40) })).status)
      return statuses
    }
    const clients = Array.from({ length: 4 }, ask)
    await service.models.reload('tiny')
    isDone = true
    const statuses = (await Promise.all(clients)).flat()
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(service.models.get()).not.toBe(old)
    await vi.waitFor(() => expect(old.thread.isAlive).toBe(false), 60_000)
  })
})

describe('a single client', () => {
  it('gets 504 after the timeout, and its windows are dropped', async () => {
    const service = await listening({ timeout: 50, max_tokens: 64 })
    const release = hold(service)
    const response = await service.post('/api/answer', { question, context: tinyText(3000) })
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ title: 'Gateway Timeout', remedy: expect.stringContaining('stream') })
    expect(waiting(service).requests).toBe(0)
    release()
  })

  itInFull('can send a text that is one word of seven million letters', async () => {
    const service = await listening({ bodyLimit: 20e6, limits: { context: 20e6 } })
    const response = await service.post('/api/answer', { question, context: 'a'.repeat(7e6) })
    expect(response.status).toBe(200)
  })

  it('is rejected when its headers or body never end', async () => {
    const service = await listening({ receiveTimeout: 1000 })
    const body =
      'POST /api/answer HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"que'
    for (const beginning of ['GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ', body]) {
      const socket = connect(service.port, '127.0.0.1')
      socket.write(beginning)
      expect(await text(socket)).toMatch(/^HTTP\/1.1 408 [\s\S]*application\/problem\+json[\s\S]*"status":408/)
    }
  })

  itInFull('is disconnected when it does not close a rejected connection', async () => {
    const service = await listening({ receiveTimeout: 1000 })
    const sockets = ['GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ', '\x16\x03\x01 not HTTP\r\n\r\n'].map((sent) => {
      const socket = connect({ port: service.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
      socket.write(sent)
      return socket.resume()
    })
    await Promise.all(sockets.map((socket) => once(socket, 'end')))
    expect(await connections(service)).toBeGreaterThan(0)
    await vi.waitFor(async () => expect(await connections(service)).toBe(0), 60_000)
  })

  it('is disconnected when it does not read its response, and releases everything', async () => {
    const service = await listening({ sendTimeout: 1000, max_tokens: 2048 })
    const questions = Array.from({ length: 500 }, (_, i) => `who is in ${i}?`)
    for (const path of ['/api/batch', '/api/stream']) {
      const socket = connect(service.port, '127.0.0.1')
        .on('error', () => {})
        .pause()
      socket.write(posted(path, { questions, context: tinyText(50), top_k: 100 }))
    }
    await vi.waitFor(() => expect(waiting(service).requests).toBe(2), 60_000)
    await vi.waitFor(async () => expect(await connections(service)).toBe(0), 60_000)
    // Node counts a connection as closed shortly before it emits the event that releases its requests.
    await vi.waitFor(() => expect(waiting(service)).toEqual({ requests: 0, tokens: 0 }), 60_000)
  })

  itInFull(
    'that pipelines requests has them computed one by one, and all are dropped when it disconnects',
    async () => {
      const service = await listening()
      const release = hold(service)
      const socket = connect(service.port, '127.0.0.1')
      const stream = { questions: [question], context: tinyText(100) }
      for (let i = 0; i < 10; i++)
        socket.write(posted('/api/stream', stream) + posted('/api/answer', { question, context }))
      await vi.waitFor(() => expect(waiting(service).requests).toBe(1), 60_000)
      expect((await service.post('/api/models/none/reload', {})).status).toBe(403)
      expect(waiting(service).requests).toBe(1)
      socket.destroy()
      await vi.waitFor(() => expect(waiting(service)).toEqual({ requests: 0, tokens: 0 }), 60_000)
      release()
      // The old model only ends when no request holds it any more.
      const old = service.models.get()
      await service.models.reload('tiny')
      await vi.waitFor(() => expect(old.thread.isAlive).toBe(false), 60_000)
    },
  )

  it('has its text abandoned when it disconnects', async () => {
    const service = await listening()
    const { requestTokenizer } = service.models.get()
    const open = vi.spyOn(requestTokenizer, 'open')
    const gone = new AbortController()
    const asked = service.post('/api/answer', { question, context: tinyText(400_000) }, gone.signal)
    await vi.waitFor(() => expect(open).toHaveBeenCalled(), 60_000)
    gone.abort()
    await expect(asked).rejects.toThrow()
    await expect(open.mock.results[0].value).rejects.toThrow('The client closed the connection')
    await vi.waitFor(() => expect(waiting(service).requests).toBe(0), 60_000)
  })

  it('is rejected for malformed HTTP and oversized headers', async () => {
    const service = await listening()
    for (const [sent, status] of [
      ['\x16\x03\x01 not HTTP\r\n\r\n', 400],
      [`GET /health HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
    ] as const) {
      const socket = connect(service.port, '127.0.0.1')
      socket.on('error', () => {}) // the server may close while we write
      socket.write(sent)
      expect(await text(socket)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    }
  })
})

describe('a server that shuts down', () => {
  it('finishes pending requests and streams, and closes all connections', async () => {
    const service = await listening({ max_tokens: 128 })
    const context = tinyText(500)
    const release = hold(service)
    const answer = service.post('/api/answer', { question, context })
    const stream = service.post('/api/stream', { questions: [question], context })
    await vi.waitFor(() => expect(waiting(service).requests).toBe(2), 60_000)
    const closed = service.app.close()
    release()
    expect((await answer).status).toBe(200)
    expect((await answer).headers.get('connection')).toBe('close')
    expect(parseStream(await (await stream).text()).at(-1)!.event).toBe('end')
    await closed
    await expect(service.post('/api/answer', { question, context })).rejects.toThrow()
    // The keep-alive timeout is 72 seconds; the server does not wait for it.
  }, 60_000)

  it('does not wait for idle or unused connections', async () => {
    const service = await listening()
    const unused = connect(service.port, '127.0.0.1')
    const used = connect(service.port, '127.0.0.1')
    used.write('GET /health HTTP/1.1\r\nHost: here\r\n\r\n')
    await once(used, 'data')
    const ends = [unused, used].map((socket) => once(socket.resume(), 'close'))
    await service.app.close()
    await Promise.all(ends)
  }, 60_000)

  it('answers a request that is partly received', async () => {
    const service = await listening({ max_tokens: 64 })
    const slow = connect(service.port, '127.0.0.1')
    await new Promise((sent) => slow.write('GET /health HTTP/1.1\r\n', sent))
    const release = hold(service)
    const asked = service.post('/api/answer', { question, context: tinyText(1500) })
    await vi.waitFor(() => expect(waiting(service).requests).toBe(1), 60_000)
    const closed = service.app.close()
    slow.write('Host: here\r\n\r\n')
    expect(await text(slow)).toMatch(/^HTTP\/1.1 200 .*connection: close/s)
    release()
    expect((await asked).status).toBe(200)
    await closed
  }, 60_000)
})

describe('a server without pending responses', () => {
  it('closes without waiting for clients that hold connections open', async () => {
    const service = await listening({ sendTimeout: 60_000 })
    const beginnings = [
      '',
      'GET /health HTTP/1.1\r\n',
      'POST /api/answer HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
      // Rejected before its body arrives.
      'POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 100\r\n\r\n{',
      '\x16\x03\x01 not HTTP\r\n\r\n',
    ]
    for (const beginning of beginnings) {
      const options = { port: service.port, host: '127.0.0.1', allowHalfOpen: true }
      const socket = connect(options)
        .on('error', () => {})
        .resume()
      if (beginning) socket.write(beginning)
    }
    await vi.waitFor(async () => expect(await connections(service)).toBe(beginnings.length), 60_000)
    const started = performance.now()
    await service.app.close()
    expect(performance.now() - started).toBeLessThan(30_000)
  })

  it.each(['failed', 'was aborted'])('is not kept alive by a stream that %s', async (how) => {
    const service = await listening()
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const { thread } = service.models.get()
    const before = timers()
    const gone = new AbortController()
    let fail = (_error: Error) => {}
    const forward = vi.spyOn(thread, 'forward').mockImplementation(
      () =>
        new Promise((_, reject) => {
          fail = reject
        }),
    )
    const stream = await service.post('/api/stream', { questions: [question], context }, gone.signal)
    await vi.waitFor(() => expect(forward).toHaveBeenCalled(), 60_000)
    if (how === 'failed') {
      fail(new Error('no memory'))
      expect(parseStream(await stream.text()).at(-1)!.event).toBe('error')
    } else gone.abort()
    await vi.waitFor(() => expect(waiting(service).requests).toBe(0), 60_000)
    // Without vi.waitFor, which uses timers itself.
    while (timers() > before) await nextTurn()
    fail(new Error('too late'))
  })
})

describe('a model whose thread has crashed', () => {
  it('makes the server unhealthy and not ready until it is reloaded', async () => {
    const service = await listening()
    await service.models.get().thread.end()
    const get = async (path: string) => (await fetch(`http://127.0.0.1:${service.port}${path}`)).status
    const broken = await service.post('/api/answer', { question, context: 'bo is in ro.' })
    expect([broken.status, await get('/ready'), await get('/health')]).toEqual([500, 503, 503])
    await service.models.reload('tiny')
    const reloaded = await service.post('/api/answer', { question, context: 'bo is in ro.' })
    expect([reloaded.status, await get('/ready'), await get('/health')]).toEqual([200, 200, 200])
  })
})

describe('the container health check', () => {
  it('passes while the server is overloaded and fails once the model has crashed', async () => {
    const service = await listening({ max_requests: 1 })
    const { queue, thread } = service.models.get()
    queue.enter(1, 'a client')
    const [, check] = /^HEALTHCHECK .*\n +CMD (\[.*\])$/m.exec(readFileSync(packageFile('Dockerfile'), 'utf8'))!
    const [, ...args] = (JSON.parse(check) as string[]).map((arg) => arg.replace(':8000', `:${service.port}`))
    const exitCode = async () => (await once(spawn(process.execPath, args), 'exit'))[0]
    expect(await exitCode()).toBe(0)
    await thread.end()
    expect(await exitCode()).toBe(1)
  })
})
