import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { SpanforgeError, UsageError } from '../errors.ts'
import type { App } from './app.ts'

/** Where a server is to be found. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** Whether only this machine can reach it. */
export const isLoopback = (host: string): boolean => ['127.0.0.1', '::1', 'localhost'].includes(host)

/**
 * Listens; port 0 takes any that is free. Returns the address for a browser.
 * @throws UsageError for a port that is taken or may not be used, or a host that is not of this machine
 */
export async function listen(app: App, { host, port }: Address): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    throw cannotListen({ host, port }, error as NodeJS.ErrnoException)
  }
  return browserAddress(app, host)
}

/** Where a browser finds a server that listens; of one that listens on all addresses, where the machine itself does. */
export function browserAddress(app: App, host: string): string {
  const { port } = app.server.address() as AddressInfo
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}/`
}

/**
 * Finds out whether a server could listen, before it loads what takes long.
 * @throws UsageError as listen
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
        `port ${port} of ${host} is taken by another program`,
        'Take another with --port, or --port 0 for any that is free.',
      )
    case 'EACCES':
      return new UsageError(`port ${port} of ${host} is not for everybody`, 'Take one from 1024 on with --port.')
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new UsageError(
        `${host} is no address of this machine`,
        'Take --host 127.0.0.1 for this machine alone, or --host 0.0.0.0 for the network.',
      )
    default:
      return error
  }
}

/**
 * Answers what has been taken, and takes no more. What is not done after `grace` milliseconds is cut off.
 * @throws SpanforgeError where something was
 */
export async function closeGracefully(app: App, grace: number, log: FastifyBaseLogger): Promise<void> {
  let isCut = false
  const timer = setTimeout(() => {
    isCut = true
    log.warn(`not done within ${grace / 1000} seconds: the connections that are left are cut off`)
    app.server.closeAllConnections()
  }, grace)
  await app.close()
  clearTimeout(timer)
  if (isCut) throw new SpanforgeError(`serve: some requests were not answered within ${grace / 1000} seconds`)
}
