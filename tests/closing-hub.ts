import { type AddressInfo, createServer, type Server } from 'node:net'
import { ServedRepository, sibling } from './hub-server/repository.ts'

/** How the hub marks the end of a response by closing the connection. */
export type Closing = 'HTTP/1.1 with Connection: close' | 'HTTP/1.0 with a length' | 'HTTP/1.0 without a length'

/** A hub with one model, `ann/bert`, that sends each response in one write and closes the connection at once. */
export async function closingHub(files: Readonly<Record<string, Buffer | string>>, closing: Closing): Promise<Server> {
  const repository = new ServedRepository('model', 'ann/bert')
  const found = repository.at(repository.commit(files))!
  const listing = { sha: found.sha, siblings: [...found.files.values()].map(sibling) }
  const contentOf = (path: string): Buffer =>
    path.startsWith('/api/') ? Buffer.from(JSON.stringify(listing)) : found.files.get(path.split('/').at(-1)!)!.content
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (request) => {
      const content = contentOf(request.toString('latin1').split(/[ ?]/)[1])
      const [version] = closing.split(' ')
      const close = version === 'HTTP/1.1' ? 'Connection: close\r\n' : ''
      const length = closing.endsWith('without a length') ? '' : `Content-Length: ${content.length}\r\n`
      socket.write(`${version} 200 OK\r\n${close}${length}\r\n`)
      socket.end(content)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

export const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
