/** Clients over real sockets: many at once, slow ones, those that hang up, and a server that goes down. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { parseStream } from '../../tests/event-stream.ts'
import { type TinyOptions, type TinyService, tinyService, tinyText } from '../../tests/tiny-service.ts'
import { tinyExamples, tinyFolder } from '../../tests/tiny-squad.ts'
import { pipeline } from '../api/pipeline.ts'
import { packageFile } from '../package-root.ts'
import type { AnswerResponse } from './contract.ts'

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

/** Lets the model compute nothing until what is returned is called: what has been asked until then waits. */
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

/** A request as it goes over the wire. */
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

describe('many clients at once', () => {
  it('each get their own answer, as the pipeline finds it', async () => {
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

  it('above the limit are told at once to come again, and the rest is answered', async () => {
    // One client has three quarters of the places.
    const service = await listening({ max_requests: 5 })
    const context = tinyText(100)
    const release = hold(service)
    const asked = Array.from({ length: 40 }, () => service.post('/api/answer', { question, context }))
    let answered = 0
    for (const response of asked) void response.then(() => answered++)
    // All that is refused is told so while those that have a place still wait.
    await vi.waitFor(() => expect(answered).toBe(36), 60_000)
    release()
    const responses = await Promise.all(asked)
    const refused = responses.filter(({ status }) => status === 503)
    expect(refused).toHaveLength(36)
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(4)
    for (const { headers } of refused) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await service.post('/api/answer', { question, context })).status).toBe(200)
  })

  it('that hang up half-way are dropped, and do the others no harm', async () => {
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

  it('are answered while a model is loaded anew, none of them dropped', async () => {
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

describe('one client', () => {
  it('gets 504 for what takes too long, and its windows are dropped', async () => {
    const service = await listening({ timeout: 50, max_tokens: 64 })
    const release = hold(service)
    const response = await service.post('/api/answer', { question, context: tinyText(3000) })
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ title: 'Gateway Timeout', remedy: expect.stringContaining('stream') })
    expect(waiting(service).requests).toBe(0)
    release()
  })

  it('reads a book of one word of seven million letters', async () => {
    const service = await listening({ bodyLimit: 20e6, limits: { context: 20e6 } })
    const response = await service.post('/api/answer', { question, context: 'a'.repeat(7e6) })
    expect(response.status).toBe(200)
  })

  it('is refused where the headers, or the body, never end', async () => {
    const service = await listening({ receiveTimeout: 1000 })
    const body =
      'POST /api/answer HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"que'
    for (const beginning of ['GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ', body]) {
      const socket = connect(service.port, '127.0.0.1')
      socket.write(beginning)
      expect(await text(socket)).toMatch(/^HTTP\/1.1 408 [\s\S]*application\/problem\+json[\s\S]*"status":408/)
    }
  })

  it('is cut off where it does not close the connection on which it was refused', async () => {
    const service = await listening({ receiveTimeout: 1000 })
    const sockets = ['GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ', '\x16\x03\x01 not HTTP\r\n\r\n'].map((sent) => {
      const socket = connect({ port: service.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
      socket.write(sent)
      return socket.resume()
    })
    await Promise.all(sockets.map((socket) => once(socket, 'end')))
    expect(await connections(service)).toBeGreaterThan(0)
    await vi.waitFor(async () => expect(await connections(service)).toBe(0), 10_000)
  })

  it('is cut off where it does not read its answer, and holds nothing any more', async () => {
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
    expect(waiting(service)).toEqual({ requests: 0, tokens: 0 })
  }, 60_000)

  it('that pipelines requests has one computed after the other, and is dropped with all of them', async () => {
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
    await vi.waitFor(() => expect(waiting(service)).toEqual({ requests: 0, tokens: 0 }), 10_000)
    release()
    // Nobody holds the model any more, or this would not end.
    const old = service.models.get()
    await service.models.reload('tiny')
    await vi.waitFor(() => expect(old.thread.isAlive).toBe(false), 60_000)
  })

  it('is read no further once it has hung up', async () => {
    const service = await listening()
    const { requestTokenizer } = service.models.get()
    const open = vi.spyOn(requestTokenizer, 'open')
    const gone = new AbortController()
    const asked = service.post('/api/answer', { question, context: tinyText(400_000) }, gone.signal)
    await vi.waitFor(() => expect(open).toHaveBeenCalled(), 60_000)
    gone.abort()
    await expect(asked).rejects.toThrow()
    await expect(open.mock.results[0].value).rejects.toThrow('The client closed the connection')
    await vi.waitFor(() => expect(waiting(service).requests).toBe(0), 10_000)
  })

  it('is refused where it speaks no HTTP, or in headers without end', async () => {
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

describe('a server that goes down', () => {
  it('finishes what it took, streams too, and keeps no connection', async () => {
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
    // A client may keep its connections for 72 seconds; the server does not wait for that.
  }, 60_000)

  it('does not wait for connections on which nothing was asked, or nothing more', async () => {
    const service = await listening()
    const unused = connect(service.port, '127.0.0.1')
    const used = connect(service.port, '127.0.0.1')
    used.write('GET /health HTTP/1.1\r\nHost: here\r\n\r\n')
    await once(used, 'data')
    const ends = [unused, used].map((socket) => once(socket.resume(), 'close'))
    await service.app.close()
    await Promise.all(ends)
  }, 9000)

  it('still answers one whose request is being received', async () => {
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

describe('a server that owes nothing', () => {
  it('closes in a second, whatever clients hold open', async () => {
    const service = await listening({ sendTimeout: 60_000 })
    const beginnings = [
      '',
      'GET /health HTTP/1.1\r\n',
      'POST /api/answer HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
      // Refused before its body has come.
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
    await vi.waitFor(async () => expect(await connections(service)).toBe(beginnings.length), 10_000)
    const started = performance.now()
    await service.app.close()
    expect(performance.now() - started).toBeLessThan(1500)
  })

  it.each(['failed', 'was hung up on'])('is not kept by a stream that %s', async (how) => {
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
    await vi.waitFor(() => expect(forward).toHaveBeenCalled(), 10_000)
    if (how === 'failed') {
      fail(new Error('no memory'))
      expect(parseStream(await stream.text()).at(-1)!.event).toBe('error')
    } else gone.abort()
    await vi.waitFor(() => expect(waiting(service).requests).toBe(0), 10_000)
    await vi.waitFor(() => expect(timers()).toBeLessThanOrEqual(before), 5000)
    fail(new Error('too late'))
  })
})

describe('a model whose thread has died', () => {
  it('makes the server neither healthy nor ready, until it is loaded anew', async () => {
    const service = await listening()
    await service.models.get().thread.end()
    const get = async (path: string) => (await fetch(`http://127.0.0.1:${service.port}${path}`)).status
    const broken = await service.post('/api/answer', { question, context: 'bo is in ro.' })
    expect([broken.status, await get('/ready'), await get('/health')]).toEqual([500, 503, 503])
    await service.models.reload('tiny')
    const mended = await service.post('/api/answer', { question, context: 'bo is in ro.' })
    expect([mended.status, await get('/ready'), await get('/health')]).toEqual([200, 200, 200])
  })
})

describe('the container', () => {
  it('is healthy while the server is overloaded, and not once the model has died', async () => {
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
