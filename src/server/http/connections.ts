import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** State of one connection. */
interface ConnectionUse {
  /** Settles when the response to the latest request has ended. */
  last: Promise<void>
  /** Unfinished responses with their requests. */
  readonly open: Map<ServerResponse, IncomingMessage>
  /** Bytes received by the time the latest response ended. */
  done: number
  /** Whether the connection has carried a response. */
  wasAnswered: boolean
  /** Time since which the client has left sent data unread, and the bytes it had read by then. */
  backlog?: { readonly since: number; readonly read: number }
}

/** Milliseconds within which a partly received request must arrive once the server is closing. */
const CLOSING_GRACE = 500

/** Milliseconds between checks for slow readers. */
const CHECK_INTERVAL = 1000

export interface ConnectionOptions {
  /** Maximum number of open connections (default: 5000). */
  readonly maxConnections?: number
  /** Minimum average rate, in bytes per second, at which a client must read its response (default: 16000). */
  readonly minRate?: number
}

/**
 * Manages the connections of a server so that no client can hold one indefinitely. Clients that do not read their
 * response, or read it too slowly, are disconnected. On shutdown the server waits only for pending responses, not for
 * idle connections (Node's own `closeIdleConnections` skips those that were never used) or incomplete requests.
 */
export class ClientConnections {
  /** Ordered by the time of the latest response, oldest first. */
  private readonly uses = new Map<Socket, ConnectionUse>()
  private readonly turns = new WeakMap<ServerResponse, Promise<void>>()
  private isClosing = false
  private isCutOff = false

  private readonly maxConnections: number
  private readonly minRate: number

  constructor(
    private readonly server: Server,
    { maxConnections = 5000, minRate = 16_000 }: ConnectionOptions = {},
  ) {
    this.maxConnections = maxConnections
    this.minRate = minRate
    server.on('connection', (socket) => this.add(socket))
    // Must run before the application's hooks, which wait for the request's turn.
    server.prependListener('request', (request, response) => this.open(request, response))
    // Emitted after server.timeout milliseconds without traffic.
    server.on('timeout', (socket) => this.closeStalled(socket))
    const checking = setInterval(() => this.closeSlow(), CHECK_INTERVAL).unref()
    server.once('close', () => clearInterval(checking))
  }

  /**
   * Resolves when all earlier requests on the same connection have been answered. A client that pipelines requests
   * therefore gets no larger share of the server than one that waits for each response.
   */
  async turn(response: ServerResponse): Promise<void> {
    await this.turns.get(response)
  }

  /** Closes idle connections now and the others once their responses have been sent. */
  close(): void {
    this.isClosing = true
    for (const socket of this.uses.keys()) this.closeIdle(socket)
    setTimeout(() => {
      this.isCutOff = true
      for (const socket of this.uses.keys()) this.closeIdle(socket)
    }, CLOSING_GRACE).unref()
  }

  private add(socket: Socket): void {
    const use: ConnectionUse = { last: Promise.resolve(), open: new Map(), done: 0, wasAnswered: false }
    this.uses.set(socket, use)
    socket.once('close', () => {
      this.uses.delete(socket)
      // Node closes the current response, but not those of later pipelined requests.
      for (const response of use.open.keys()) {
        response.destroy()
        response.emit('close')
      }
    })
    if (this.uses.size > this.maxConnections) this.makeRoom(socket)
    // The connection was being established when the server started to close; answer it if its request arrives soon.
    if (this.isCutOff) setTimeout(() => this.closeIdle(socket), CLOSING_GRACE).unref()
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

  /** Closes a connection of a closing server unless a response is pending. */
  private closeIdle(socket: Socket): void {
    const use = this.uses.get(socket)
    if (!use) return
    const isOwed = [...use.open.values()].some(({ complete }) => complete)
    // Bytes beyond the answered requests belong to one that is still being received.
    const isReceiving = use.open.size > 0 || socket.bytesRead !== use.done
    if (!isOwed && (this.isCutOff || !isReceiving)) socket.destroy()
  }

  /** Closes a connection without traffic unless its response is still being computed. */
  private closeStalled(socket: Socket): void {
    const isComputing = (this.uses.get(socket)?.open.size ?? 0) > 0
    if (!isComputing || socket.writableLength > 0) socket.destroy()
  }

  /** Closes connections that read too slowly, because an occasional byte prevents a timeout. */
  private closeSlow(): void {
    const now = performance.now()
    for (const [socket, use] of this.uses) {
      if (socket.writableLength === 0) use.backlog = undefined
      else use.backlog ??= { since: now, read: socket.bytesWritten - socket.writableLength }
      if (!use.backlog || this.server.timeout === 0) continue
      const { since, read } = use.backlog
      const patience = this.server.timeout + (1000 * (socket.bytesWritten - read)) / this.minRate
      if (now - since > patience) socket.destroy()
    }
  }

  /** Closes one connection: an unused one if possible, else an idle one, else the longest-running sender. */
  private makeRoom(newest: Socket): void {
    const others = [...this.uses].filter(([socket]) => socket !== newest)
    const idle = others.filter(([, { open }]) => open.size === 0)
    const isSending = ({ open }: ConnectionUse) => [...open.values()].every(({ complete }) => !complete)
    const [socket] = idle.find(([, { wasAnswered }]) => !wasAnswered) ??
      idle[0] ??
      others.find(([, use]) => isSending(use)) ?? [newest]
    socket.destroy()
  }
}
