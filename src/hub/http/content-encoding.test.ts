import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { expect, it, onTestFinished } from 'vitest'
import { BERT, hubWorld } from '../../../tests/hub-world.ts'
import { resolveModel } from '../download/models.ts'

const world = hubWorld((server) => server.add('model', 'ann/bert').commit(BERT))

interface Mirror {
  readonly encoding: string
  readonly encode: (body: Buffer) => Buffer
  /** Whether to break the connection in the middle of the first large response. */
  readonly cutOnce?: boolean
}

/** A mirror that compresses every response, regardless of Accept-Encoding. */
async function compressingMirror({ encoding, encode, cutOnce }: Mirror): Promise<string> {
  let cutsLeft = cutOnce ? 1 : 0
  const server = createServer(async (asked, response) => {
    const upstream = request(world.server.endpoint + asked.url, { headers: { range: asked.headers.range ?? '' } }).end()
    const [answer] = await once(upstream, 'response')
    const headers = { ...answer.headers }
    delete headers['content-length']
    delete headers['transfer-encoding']
    if (headers.location) return void response.writeHead(answer.statusCode, headers).end()
    const body = encode(await buffer(answer))
    response.writeHead(answer.statusCode, { ...headers, 'content-encoding': encoding, 'content-length': body.length })
    if (cutsLeft === 0 || body.length < 10_000) return void response.end(body)
    cutsLeft--
    response.write(body.subarray(0, body.length / 2), () => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const download = async (mirror: Mirror): Promise<string> =>
  resolveModel('ann/bert', { ...world.options, endpoint: await compressingMirror(mirror) })

it.each<Mirror>([
  { encoding: 'gzip', encode: gzipSync },
  { encoding: 'X-GZip', encode: gzipSync },
  { encoding: 'deflate', encode: deflateSync },
  { encoding: 'br', encode: brotliCompressSync },
  { encoding: 'identity', encode: (body) => body },
  { encoding: 'deflate, gzip', encode: (body) => gzipSync(deflateSync(body)) },
  { encoding: 'gzip', encode: gzipSync, cutOnce: true },
])('a mirror that compresses its answers unasked ($encoding, cut once: $cutOnce)', async (mirror) => {
  const folder = await download(mirror)
  for (const name of ['config.json', 'vocab.txt', 'model.safetensors'] as const)
    expect((await readFile(join(folder, name))).equals(Buffer.from(BERT[name])), name).toBe(true)
})

it('rejects an unsupported encoding by name, and a body that is not in the declared encoding', async () => {
  await expect(download({ encoding: 'zstd', encode: (body) => body })).rejects.toThrow(
    /sent a response with the unsupported encoding "zstd"\n.*Expected no encoding, or one of gzip/,
  )
  await expect(download({ encoding: 'gzip', encode: (body) => body })).rejects.toThrow(/incorrect header check/)
})
