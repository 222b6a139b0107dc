import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { SpanforgeError, UsageError } from '../../errors.ts'
import type { HttpApp } from './app.ts'

/** Address on which a server listens. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** Whether only this machine can reach the host. */
export const isLoopback = (host: string): boolean => ['127.0.0.1', '::1', 'localhost'].includes(host)

/**
 * Starts listening and returns the URL for a browser. Port 0 selects any free port.
 * @throws UsageError if the port is in use or privileged, or the host is not an address of this machine
 */
export async function listen(app: HttpApp, { host, port }: Address): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    throw cannotListen({ host, port }, error as NodeJS.ErrnoException)
  }
  return browserAddress(app, host)
}

/** The URL of a listening server for a browser on this machine. */
export function browserAddress(app: HttpApp, host: string): string {
  const { port } = app.server.address() as AddressInfo
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}/`
}

/**
 * Checks that the address is available, before models are loaded.
 * @throws UsageError for the same reasons as `listen`
 */
export async function checkAddress(address: Address): Promise<void> {
  const probe = createServer()
  probe.listen(address.port, address.host)
  await once(probe, 'listening').catch((error) => Promise.reject(cannotListen(address, error)))
  probe.close()
  await once(probe, 'close')
}

function cannotListen({ host, port }: Address, error: NodeJS.ErrnoException): unknown {
  switch (error.code) {
    case 'EADDRINUSE':
      return new UsageError(
        `port ${port} of ${host} is already in use`,
        'Choose another one with --port, or use --port 0 for any free port.',
      )
    case 'EACCES':
      return new UsageError(`permission denied: port ${port} is privileged`, 'Choose a port from 1024 up with --port.')
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new UsageError(
        `${host} is not an address of this machine`,
        'Use --host 127.0.0.1 for this machine only, or --host 0.0.0.0 for the network.',
      )
    default:
      return error
  }
}

/**
 * Stops accepting requests and answers those in progress. Connections still open after `grace` milliseconds are closed.
 * @throws SpanforgeError if any had to be closed
 */
export async function closeGracefully(app: HttpApp, grace: number, log: FastifyBaseLogger): Promise<void> {
  let isCut = false
  const timer = setTimeout(() => {
    isCut = true
    log.warn(`requests still pending after ${grace / 1000} seconds; closing their connections`)
    app.server.closeAllConnections()
  }, grace)
  await app.close()
  clearTimeout(timer)
  if (isCut) throw new SpanforgeError(`serve: some requests were not answered within ${grace / 1000} seconds`)
}
