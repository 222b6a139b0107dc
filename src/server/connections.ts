import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What one connection has been used for. */
interface Use {
  /** Settles when the response to the newest request has ended. */
  last: Promise<void>
  /** Responses that have not ended, with their requests. */
  readonly open: Map<ServerResponse, IncomingMessage>
  /** Bytes received up to the end of the last one. */
  done: number
  /** Whether a response has been sent on it. */
  wasAnswered: boolean
  /** Since when what has been sent has waited to be read, and the bytes that were read by then. */
  backlog?: { readonly since: number; readonly read: number }
}

/** Milliseconds that a request which is being received may still take once the server is closing. */
const AT_ONCE = 500

/** Milliseconds between two looks at what waits to be read. */
const LOOK = 1000

export interface ConnectionOptions {
  /** How many may be open before others are closed. */
  readonly most?: number
  /** Bytes a second that a client must read of what is sent to it, on average. */
  readonly slowest?: number
}

/**
 * The connections of a server. None is held by a client that owes something itself: one that does not read its answer
 * for a while, or reads it too slowly, is cut off, and when the server closes it waits for answers alone, not for idle connections (Node's own
 * `closeIdleConnections` leaves those that were never used) nor for requests that are never sent to their end.
 */
export class ClientConnections {
  /** Those that were answered last are last. */
  private readonly uses = new Map<Socket, Use>()
  private readonly turns = new WeakMap<ServerResponse, Promise<void>>()
  private isClosing = false
  private isCutOff = false

  private readonly most: number
  private readonly slowest: number

  constructor(
    private readonly server: Server,
    { most = 5000, slowest = 16_000 }: ConnectionOptions = {},
  ) {
    this.most = most
    this.slowest = slowest
    server.on('connection', (socket) => this.add(socket))
    // Before the hooks of the application, which ask for the request's turn.
    server.prependListener('request', (request, response) => this.open(request, response))
    // After server.timeout milliseconds without a byte in either direction.
    server.on('timeout', (socket) => this.closeStalled(socket))
    const looking = setInterval(() => this.closeSlow(), LOOK).unref()
    server.once('close', () => clearInterval(looking))
  }

  /**
   * Settles when all earlier requests of the same connection have been answered. Pipelined requests, whose answers are
   * sent in their order anyway, thus get no more than those of a client that waits for each answer.
   */
  async turn(response: ServerResponse): Promise<void> {
    await this.turns.get(response)
  }

  /** Closes idle connections now, and each other one as soon as its answers have been sent. */
  close(): void {
    this.isClosing = true
    for (const socket of this.uses.keys()) this.closeIdle(socket)
    setTimeout(() => {
      this.isCutOff = true
      for (const socket of this.uses.keys()) this.closeIdle(socket)
    }, AT_ONCE).unref()
  }

  private add(socket: Socket): void {
    const use: Use = { last: Promise.resolve(), open: new Map(), done: 0, wasAnswered: false }
    this.uses.set(socket, use)
    socket.once('close', () => {
      this.uses.delete(socket)
      // Node closes the response that is being sent, but not those that wait for it, of pipelined requests.
      for (const response of use.open.keys()) {
        response.destroy()
        response.emit('close')
      }
    })
    if (this.uses.size > this.most) this.makeRoom(socket)
    // It was on its way when the server was told to close: what it asks at once is answered.
    if (this.isCutOff) setTimeout(() => this.closeIdle(socket), AT_ONCE).unref()
  }

  private open(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    const use = this.uses.get(socket)
    if (!use) return
    use.open.set(response, request)
    this.turns.set(response, use.last)
    let end = () => {}
    use.last = new Promise((resolve) => {
      end = resolve
    })
    response.once('close', () => {
      end()
      use.open.delete(response)
      use.done = socket.bytesRead
      use.wasAnswered = true
      if (!this.uses.delete(socket)) return
      this.uses.set(socket, use)
      if (this.isClosing) this.closeIdle(socket)
    })
  }

  /** Closes a connection, in a server that closes, where no answer is owed. */
  private closeIdle(socket: Socket): void {
    const use = this.uses.get(socket)
    if (!use) return
    const isOwed = [...use.open.values()].some(({ complete }) => complete)
    // More bytes than there were in requests: the next one is being received.
    const isReceiving = use.open.size > 0 || socket.bytesRead !== use.done
    if (!isOwed && (this.isCutOff || !isReceiving)) socket.destroy()
  }

  /** What waits to be sent has not been read for a while; an answer that is being computed may take its time. */
  private closeStalled(socket: Socket): void {
    const isComputing = (this.uses.get(socket)?.open.size ?? 0) > 0
    if (!isComputing || socket.writableLength > 0) socket.destroy()
  }

  /** A byte now and then is enough for a connection not to be stalled, but an answer must not be kept in memory for it. */
  private closeSlow(): void {
    const now = performance.now()
    for (const [socket, use] of this.uses) {
      if (socket.writableLength === 0) use.backlog = undefined
      else use.backlog ??= { since: now, read: socket.bytesWritten - socket.writableLength }
      if (!use.backlog || this.server.timeout === 0) continue
      const { since, read } = use.backlog
      const patience = this.server.timeout + (1000 * (socket.bytesWritten - read)) / this.slowest
      if (now - since > patience) socket.destroy()
    }
  }

  /** Closes an idle connection, first one on which nothing was ever asked; else the one that has been sending longest. */
  private makeRoom(newest: Socket): void {
    const others = [...this.uses].filter(([socket]) => socket !== newest)
    const idle = others.filter(([, { open }]) => open.size === 0)
    const isSending = ({ open }: Use) => [...open.values()].every(({ complete }) => !complete)
    const [socket] = idle.find(([, { wasAnswered }]) => !wasAnswered) ??
      idle[0] ??
      others.find(([, use]) => isSending(use)) ?? [newest]
    socket.destroy()
  }
}
