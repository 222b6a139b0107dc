import { pipeline, type Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { SpanforgeError } from '../../errors.ts'
import { showText } from '../../show-value.ts'

interface Response {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Readable
}

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/**
 * Returns the response with its body decompressed. Requests ask for uncompressed bodies, but some mirrors and proxies
 * compress them anyway.
 * @throws SpanforgeError for an encoding that cannot be decoded
 */
export function decodeResponse<T extends Response>(response: T, url: URL): T {
  const encodings = (response.headers['content-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== '' && encoding !== 'identity')
  if (encodings.length === 0) {
    const { 'content-encoding': _, ...headers } = response.headers
    return { ...response, headers }
  }
  const decoders = encodings.reverse().map((encoding) => decoderOf(encoding, response, url))
  const { 'content-length': _, ...headers } = response.headers
  // Errors reach the caller when it reads the body, so neither handler needs to do anything.
  const body = pipeline([response.body, ...decoders], () => {}) as Transform
  body.on('error', () => {})
  return { ...response, headers, body }
}

function decoderOf(encoding: string, { body }: Response, url: URL): Transform {
  if (Object.hasOwn(DECODERS, encoding)) return DECODERS[encoding]()
  body.destroy()
  throw new SpanforgeError(`hub: ${url.host} sent a response with the unsupported encoding "${showText(encoding)}"`, {
    remedy: `Expected no encoding, or one of ${Object.keys(DECODERS).join(', ')}. Check HF_ENDPOINT and the proxy.`,
  })
}
