import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** What one connection has been used for. */
interface Use {
  /** Requests whose response has not ended. */
  inWork: number
  /** Bytes received up to the end of the last one. */
  done: number
}

/**
 * The connections of a server that is to go down: those on which nothing is asked are closed, whether they have been
 * used before or only opened for later, as browsers and pools do. Node's own `closeIdleConnections` leaves the latter,
 * and then the server waits for their clients, a minute and more.
 */
export class Connections {
  private readonly uses = new Map<Socket, Use>()
  private isClosing = false

  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.uses.set(socket, { inWork: 0, done: 0 })
      socket.once('close', () => this.uses.delete(socket))
      // It was on its way when the server was told to go: what it asks at once is answered.
      if (this.isClosing) setTimeout(() => this.closeIdle(socket), AT_ONCE).unref()
    })
    server.on('request', ({ socket }, response) => {
      const use = this.uses.get(socket)
      if (!use) return
      use.inWork++
      response.once('close', () => {
        use.inWork--
        use.done = socket.bytesRead
        if (this.isClosing) this.closeIdle(socket)
      })
    })
  }

  /** Closes those that are idle, and each other one as soon as it is. */
  close(): void {
    this.isClosing = true
    for (const socket of this.uses.keys()) this.closeIdle(socket)
  }

  private closeIdle(socket: Socket): void {
    const use = this.uses.get(socket)
    // More bytes than there were in requests: the next one is being received.
    if (use?.inWork === 0 && socket.bytesRead === use.done) socket.destroy()
  }
}

/** Milliseconds. */
const AT_ONCE = 500
