import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ClientConnections, type ConnectionOptions } from './connections.ts'

async function listening(options: ConnectionOptions, answer: RequestListener) {
  const server = createServer(answer)
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  new ClientConnections(server, options)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

describe('ClientConnections', () => {
  it('closes idle connections above the limit, starting with those that never sent a request', async () => {
    const { port } = await listening({ maxConnections: 3 }, (_request, response) => void response.end('ok'))
    const open = async (name: string) => {
      const socket = connect(port, '127.0.0.1')
        .on('error', () => {})
        .resume()
      socket.once('close', () => closed.push(name))
      await once(socket, 'connect')
      return socket
    }
    const closed: string[] = []
    const used = await open('used')
    used.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await once(used, 'data')
    for (const name of ['first', 'second', 'third', 'fourth']) await open(name)
    await vi.waitFor(() => expect(closed).toEqual(['first', 'second']), 60_000)
  })

  it('closes the connection that has been sending its request longest if none is idle', async () => {
    const { server, port } = await listening(
      { maxConnections: 3 },
      (request, response) => void request.on('end', () => response.end('ok')).resume(),
    )
    const closed: string[] = []
    for (const name of ['first', 'second', 'third']) {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      socket.once('close', () => closed.push(name)).resume()
      socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\na')
      await once(server, 'request')
    }
    const ordinary = connect(port, '127.0.0.1')
    ordinary.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    expect(await text(ordinary)).toMatch(/^HTTP\/1.1 200 /)
    await vi.waitFor(() => expect(closed).toEqual(['first']), 60_000)
  })

  it('closes connections that read their response too slowly, and only those', async () => {
    const answer = Buffer.alloc(40e6, 'x')
    const { server, port } = await listening({ minRate: 5e6 }, (_request, response) => void response.end(answer))
    server.setTimeout(500)
    const read = async (pause: number) => {
      const socket = connect(port, '127.0.0.1')
      socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
      let bytes = 0
      // When the server closes the connection, the client sees an error or an early end.
      try {
        for await (const chunk of socket) {
          bytes += chunk.length
          if (pause > 0) await sleep(pause)
        }
      } catch {}
      return bytes
    }
    const [fast, slow] = await Promise.all([read(0), read(100)])
    expect(fast).toBeGreaterThan(answer.length)
    expect(slow).toBeLessThan(answer.length)
  }, 60_000)
})
