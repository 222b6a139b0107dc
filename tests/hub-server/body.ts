import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** A way to misbehave when answering a request. */
export interface Fault {
  /** Answer with this status, and with these headers and text, instead of the real response. */
  readonly status?: number
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Redirect to this address. */
  readonly redirect?: string
  /** Break the connection after this number of bytes of the body. */
  readonly cutAfter?: number
  /** Send this number of bytes of the body, call `onStall`, and then send nothing more. */
  readonly stallAfter?: number
  readonly onStall?: () => void
  /** Send the body in small pieces with pauses. */
  readonly slow?: boolean
  /** Announce this Content-Length. */
  readonly length?: number
  /** Send these bytes after the file, without announcing any length. */
  readonly extra?: Buffer
  /** Flip a bit of the first byte. */
  readonly corrupt?: boolean
  /** Ignore the requested range: answer 200 with the whole file. */
  readonly ignoreRange?: boolean
  /** Answer with a range that starts at a different byte. */
  readonly shiftRange?: boolean
}

/** Sends a file or the requested range of it, with the given fault. */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
  fault: Fault,
): Promise<void> {
  const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
  let start = asked && !fault.ignoreRange ? Number(asked[1]) : 0
  if (start > 0 && start >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end()
    return
  }
  if (start > 0) {
    if (fault.shiftRange) start = Math.floor(start / 2)
    response.statusCode = 206
    response.setHeader('content-range', `bytes ${start}-${content.length - 1}/${content.length}`)
  }
  const body = Buffer.concat([content.subarray(start), fault.extra ?? Buffer.alloc(0)])
  if (fault.corrupt) body[0] ^= 1
  if (!fault.extra) response.setHeader('content-length', fault.length ?? body.length)
  if (request.method === 'HEAD') response.end()
  else await sendBody(response, body, fault)
}

async function sendBody(response: ServerResponse, body: Buffer, fault: Fault): Promise<void> {
  const end = fault.cutAfter ?? fault.stallAfter
  if (end !== undefined) {
    response.write(body.subarray(0, end), () => {
      if (fault.cutAfter !== undefined) response.destroy()
      else fault.onStall?.()
    })
    if (end === 0) {
      response.flushHeaders()
      setImmediate(() => (fault.cutAfter === undefined ? fault.onStall?.() : response.destroy()))
    }
  } else if (fault.slow) {
    for (let at = 0; at < body.length && !response.destroyed; at += 4096) {
      response.write(body.subarray(at, at + 4096))
      await sleep(1)
    }
    response.end()
  } else if (fault.length !== undefined) {
    // The client keeps waiting for the announced rest.
    response.write(body)
  } else {
    // Written in two steps, because Node would otherwise add a Content-Length.
    response.write(body)
    response.end()
  }
}
