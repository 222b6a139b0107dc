/**
 * Attacks on `spanforge serve`, each limited in number and ended by its signal. Runs in a separate process (`fork`), so
 * that its cost is not attributed to the server: `attacks.ts ADDRESS NAME BOOK`, ended by SIGTERM.
 */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

interface Target {
  readonly address: string
  readonly host: string
  readonly port: number
  /** A text of two million characters. */
  readonly book: string
  readonly signal: AbortSignal
}

type Attack = (target: Target) => Promise<void>

const QUESTION = 'Who wrote the first program?'

/** Attacks by their names in the results table. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  '1,000 questions about 200,000 characters': (target) =>
    askers(target, 2, '/api/batch', { questions: many(1000), context: target.book.slice(0, 200_000) }),
  '150 questions about it, streamed': (target) =>
    askers(target, 2, '/api/stream', { questions: many(150), context: target.book.slice(0, 200_000) }),
  'streams with almost the maximum number of windows': (target) =>
    askers(target, 8, '/api/stream', { questions: many(45), context: target.book.slice(0, 200_000) }),
  'windows that advance by one token': (target) =>
    Promise.all(
      [40_000, 200_000].map((characters) =>
        askers(target, 2, '/api/answer', stepByOne(target.book.slice(0, characters))),
      ),
    ).then(() => {}),
  '1,000 questions about each of 1,000 texts': (target) =>
    askers(target, 2, '/api/batch', { questions: many(1000), contexts: many(1000) }),
  '40 books at once, disconnected after 2 s': async (target) => {
    while (!target.signal.aborted) {
      const patience = AbortSignal.any([target.signal, AbortSignal.timeout(2000)])
      await askers({ ...target, signal: patience }, 40, '/api/answer', { question: QUESTION, context: target.book })
    }
  },
  'rejected bodies of 16 MB': (target) =>
    askers(target, 8, '/api/answer', { question: QUESTION, context: 'x'.repeat(16_000_000) }),
  '1,000 bodies that never end': (target) =>
    sockets(target, 1000, () => [head(`{"question": "${'x'.repeat(30_000)}`, 1_000_000), ' ']),
  '1,000 headers that never end': (target) =>
    sockets(target, 1000, () => ['GET /health HTTP/1.1\r\nHost: x\r\n', 'X: y\r\n']),
  '200 streams that are never read': (target) =>
    sockets(target, 200, () => [post('/api/stream', { questions: many(200), context: page(target), top_k: 100 })]),
  '50 large answers that are never read': (target) =>
    sockets(target, 50, () => [post('/api/batch', { questions: many(300), context: page(target), top_k: 100 })]),
  '8 x 2,000 pipelined requests': (target) =>
    sockets(target, 8, () => [post('/api/answer', { question: QUESTION, context: page(target) }).repeat(2000)]),
  '10,000 idle connections': (target) => sockets(target, 10_000, () => []),
}

const page = ({ book }: Target): string => book.slice(0, 3000)

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `${QUESTION} (${i})`)

const stepByOne = (context: string) => ({ question: 'Who?', context, max_seq_len: 384, doc_stride: 379 })

/** Starts clients that repeat the same request and accept any response. */
async function askers({ address, signal }: Target, count: number, path: string, asked: object): Promise<void> {
  const body = JSON.stringify(asked)
  const ask = async () => {
    for (let times = 0; times < 1000 && !signal.aborted; times++) {
      await fetch(new URL(path, address), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal,
      })
        .then((response) => response.text())
        .catch(() => {})
      await sleep(20)
    }
  }
  await Promise.all(Array.from({ length: count }, ask))
}

/**
 * Opens connections that send an initial text, then a little more every second, and never read. Reopens connections
 * that the server closes.
 */
async function sockets({ host, port, signal }: Target, count: number, script: () => readonly string[]): Promise<void> {
  const open = new Set<Socket>()
  const [begin, more] = script()
  while (!signal.aborted) {
    for (let opened = 0; open.size < count && opened < 2000; opened++) {
      const socket = connect(port, host)
      open.add(socket)
      socket.pause()
      socket.on('error', () => {}).on('close', () => open.delete(socket))
      if (begin) socket.write(begin)
    }
    await sleep(1000, undefined, { signal }).catch(() => {})
    if (more) for (const socket of open) socket.write(more)
  }
}

const head = (body: string, length = Buffer.byteLength(body), path = '/api/answer'): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`

const post = (path: string, asked: object): string => head(JSON.stringify(asked), undefined, path)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [address, name, book] = process.argv.slice(2)
  // Keep the cost of the attack itself out of the measurement.
  setPriority(10)
  const ending = new AbortController()
  process.once('SIGTERM', () => ending.abort())
  const { hostname: host, port } = new URL(address)
  const target = { address, host, port: Number(port), book: readFileSync(book, 'utf8'), signal: ending.signal }
  await ATTACKS[name](target)
  process.exit()
}
