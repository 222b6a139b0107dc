import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServedRepository } from './repository.ts'

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export const sendJson = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

/** The upload half of the hub's API: upload modes, the batch API of Git LFS, commits. */
export class Uploads {
  /** Large files received, by SHA-256. */
  readonly received = new Map<string, Buffer>()
  private readonly parts = new Map<string, Buffer[]>()

  constructor(
    /** Files above this size must be uploaded in parts of this size. */
    private readonly partSize: number,
    private readonly storage: () => string,
  ) {}

  async preupload(request: IncomingMessage, response: ServerResponse, repository: ServedRepository): Promise<void> {
    const { files } = JSON.parse((await bodyOf(request)).toString())
    const mode = ({ path, size }: { path: string; size: number }) =>
      size > 0 && /\.(safetensors|bin|parquet|png)$/.test(path) ? 'lfs' : 'regular'
    const present = repository.at('main')?.files
    sendJson(response, {
      files: files.map((file: { path: string; size: number }) => {
        const there = present?.get(file.path)
        const oid = there && (there.lfs ? there.sha256 : there.oid)
        return { path: file.path, uploadMode: mode(file), shouldIgnore: false, oid }
      }),
    })
  }

  async batch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { objects } = JSON.parse((await bodyOf(request)).toString())
    sendJson(response, {
      transfer: 'basic',
      objects: objects.map(({ oid, size }: { oid: string; size: number }) => {
        if (this.received.has(oid)) return { oid, size }
        const href = `${this.storage()}/upload/${oid}`
        const parts = Math.ceil(size / this.partSize)
        if (parts <= 1) return { oid, size, actions: { upload: { href } } }
        const urls = Array.from({ length: parts }, (_, part) => [String(part + 1), `${href}/${part + 1}`])
        return {
          oid,
          size,
          actions: { upload: { href, header: { chunk_size: String(this.partSize), ...Object.fromEntries(urls) } } },
        }
      }),
    })
  }

  /** Handles PUT of a whole object or a part of one, and POST, which completes an object uploaded in parts. */
  async store(request: IncomingMessage, response: ServerResponse, oid: string, part?: string): Promise<void> {
    const body = await bodyOf(request)
    if (part !== undefined) {
      const parts = this.parts.get(oid) ?? []
      parts[Number(part) - 1] = body
      this.parts.set(oid, parts)
      response.writeHead(200, { etag: `"part-${part}"` }).end()
      return
    }
    const content = request.method === 'POST' ? Buffer.concat(this.parts.get(oid) ?? []) : body
    if (createHash('sha256').update(content).digest('hex') !== oid) return sendJson(response, { error: 'hash' }, 422)
    this.received.set(oid, content)
    sendJson(response, {})
  }

  async commit(request: IncomingMessage, response: ServerResponse, repository: ServedRepository): Promise<void> {
    const lines = (await bodyOf(request)).toString().trim().split('\n')
    const files: Record<string, Buffer> = {}
    for (const line of lines) {
      const { key, value } = JSON.parse(line)
      if (key === 'file') files[value.path] = Buffer.from(value.content, 'base64')
      if (key === 'lfsFile') {
        const content = this.received.get(value.oid)
        if (!content) return sendJson(response, { error: `no object ${value.oid}` }, 400)
        files[value.path] = content
      }
    }
    const commitOid = repository.commit(files)
    sendJson(response, { commitOid, commitUrl: `${this.storage()}/${repository.name}/commit/${commitOid}` })
  }
}
