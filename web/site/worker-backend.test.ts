import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { SiteManifest } from '../../src/site/manifest.ts'
import { ServiceError } from '../playground/backend.ts'
import type { FromReader, ToReader } from '../workers/messages.ts'
import type { ReaderEvents } from '../workers/reader-client.ts'
import type { BrowserRuntime } from './runtime.ts'
import { type WorkerBackend, workerBackend } from './worker-backend.ts'

type Reply = (message: ToReader) => FromReader[]

/** Workers that have been started, in order. */
let workers: FakeWorker[] = []
/** How the next workers respond, in order. */
let replies: Reply[] = []

class FakeWorker {
  onmessage?: (event: { data: FromReader }) => void
  onerror?: (event: { message: string; preventDefault(): void }) => void
  isTerminated = false
  readonly loads: string[] = []
  private readonly reply = replies.shift() ?? works
  constructor(readonly script: string) {
    workers.push(this)
  }
  postMessage(message: ToReader): void {
    if (message.type === 'load') this.loads.push(message.model)
    for (const data of this.reply(message)) queueMicrotask(() => !this.isTerminated && this.onmessage?.({ data }))
  }
  terminate(): void {
    this.isTerminated = true
  }
}

const end = { name: 'end', data: { model: 'a', milliseconds: 1 } } as const
const start = { name: 'start', data: { model: 'a', windows: [2] } } as const

const works: Reply = (message) => {
  if (message.type === 'load') return [{ type: 'loaded', id: message.id }]
  if (message.type !== 'ask') return []
  return [
    { type: 'event', id: message.id, event: start },
    { type: 'event', id: message.id, event: end },
    { type: 'loaded', id: message.id },
  ]
}
const fails =
  (on: ToReader['type'], isRuntime: boolean): Reply =>
  (message) =>
    message.type === on && 'id' in message
      ? [{ type: 'failed', id: message.id, problem: 'device lost', isRuntime }]
      : works(message)

const file = (path: string) => ({ path, bytes: 1, sha256: '' })
const runtimeFiles = (name: string) => ({ reader: file(`reader-${name}.js`), loader: file('l'), code: file('c') })
const manifest = {
  models: ['a', 'b'].map((id) => ({ id, weights: file(`${id}.onnx`), tokenizer: file(`${id}.json`) })),
  runtimes: { wasm: runtimeFiles('wasm'), webgpu: runtimeFiles('webgpu') },
} as unknown as SiteManifest

const fallbacks: BrowserRuntime[] = []

function backendOn(name: 'wasm' | 'webgpu', reply: Reply = works, events: ReaderEvents = {}): WorkerBackend {
  replies = [reply]
  const onFallback = (runtime: BrowserRuntime) => fallbacks.push(runtime)
  const runtime = { name, threads: 2, label: name }
  const shared = { base: 'https://site.test/', manifest, keepsFiles: true, events, onLoaded() {} }
  return workerBackend({ ...shared, runtime, onFallback })
}

async function ask(backend: WorkerBackend, model = 'a') {
  const events = []
  const signal = new AbortController().signal
  for await (const event of backend.streamAnswers({ questions: ['q'], context: 'c', model }, signal)) events.push(event)
  return events
}

beforeEach(() => {
  vi.stubGlobal('Worker', FakeWorker)
  vi.stubGlobal('crossOriginIsolated', true)
  vi.stubGlobal('navigator', { hardwareConcurrency: 4 })
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  workers = []
  fallbacks.length = 0
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

test.each(['load', 'ask'] as const)('WebAssembly is used if WebGPU fails during %s', async (on) => {
  const backend = backendOn('webgpu', fails(on, true))
  const events = await ask(backend)
  expect(events.slice(-2)).toEqual([start, end])
  expect(workers.map(({ script }) => script)).toEqual([
    'https://site.test/reader-webgpu.js',
    'https://site.test/reader-wasm.js',
  ])
  expect(workers[0].isTerminated).toBe(true)
  expect(fallbacks).toMatchObject([{ name: 'wasm', threads: 4, note: 'WebGPU has failed with this graphics adapter.' }])
  expect((await backend.fetchModels()).models[0].device).toBe('WebAssembly, 4 threads')
  expect(backend.files('a')).toContain('reader-wasm.js')
})

test('requests to several models fall back once', async () => {
  const backend = backendOn('webgpu', fails('ask', true))
  const [a, b] = await Promise.all([ask(backend, 'a'), ask(backend, 'b')])
  expect([a.at(-1), b.at(-1)]).toEqual([end, end])
  expect(workers.length).toBe(2)
  expect(fallbacks.length).toBe(1)
})

test('a failure of a file or a question neither falls back nor restarts', async () => {
  for (const on of ['load', 'ask'] as const) {
    const backend = backendOn('webgpu', fails(on, false))
    await expect(ask(backend)).rejects.toEqual(new ServiceError(0, 'device lost'))
  }
  expect(fallbacks).toEqual([])
  expect(workers.length).toBe(2)
})

test('a worker whose WebAssembly fails is replaced for the next question, and loads its model again', async () => {
  const backend = backendOn('wasm', fails('ask', true))
  await expect(ask(backend)).rejects.toThrow('device lost')
  expect((await ask(backend)).at(-1)).toEqual(end)
  expect(workers.map(({ loads }) => loads)).toEqual([['a'], ['a']])
  expect(fallbacks).toEqual([])
})

test('a worker that the browser has ended is started anew', async () => {
  const backend = backendOn('wasm')
  await ask(backend)
  workers[0].onerror!({ message: 'out of memory', preventDefault() {} })
  expect((await ask(backend)).at(-1)).toEqual(end)
  expect(workers.map(({ loads }) => loads)).toEqual([['a'], ['a']])
})

test('the progress of a model ends when it fails, although other files still arrive', async () => {
  const shown: number[] = []
  const onProgress = (_model: string, done: number) => shown.push(done)
  const arrives = (done: number) => ({ type: 'progress', model: 'a', done, total: 9 }) as const
  const backend = backendOn(
    'wasm',
    (message) =>
      message.type === 'load'
        ? [arrives(1), { type: 'failed', id: message.id, problem: 'a.onnx is missing', isRuntime: false }]
        : [],
    { onProgress },
  )
  await expect(backend.load('a')).rejects.toThrow('a.onnx is missing')
  workers[0].onmessage!({ data: arrives(2) })
  expect(shown).toEqual([1])
})

test('explains that the script of the worker is missing', async () => {
  vi.stubGlobal('fetch', async () => new Response('', { status: 404 }))
  const backend = backendOn('wasm', () => [])
  const asked = ask(backend)
  await Promise.resolve()
  workers[0].onerror!({ message: '', preventDefault() {} })
  await expect(asked).rejects.toThrow('reader-wasm.js is missing on the host of this page.')
  // The next question tries again.
  expect((await ask(backend)).at(-1)).toEqual(end)
})
