/**
 * Answers questions in your own HTTP server: POST {"question": ..., "context": ...}. Use `spanforge serve` for
 * batching, limits and access tokens; this example shows how to use the pipeline in a larger program.
 *
 *   npx tsx examples/serve.ts MODEL [PORT]
 *
 * In a project of your own, import from 'spanforge'.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { pipeline, SpanforgeError } from '../src/index.ts'

const [name, port = '8000'] = process.argv.slice(2)
const answerer = await pipeline('question-answering', name)

async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
  try {
    const { question, context } = (await json(request)) as { question: string; context: string }
    return { status: 200, body: await answerer({ question, context }) }
  } catch (error) {
    // Errors caused by the request: invalid JSON, or a question that the pipeline rejects.
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof SpanforgeError)
      return { status: 400, body: { error: error.message } }
    throw error
  }
}

const server = createServer((request, response) => {
  answer(request).then(
    ({ status, body }) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    (error: Error) => response.writeHead(500).end(error.message),
  )
})
server.listen(Number(port), '127.0.0.1')
await once(server, 'listening')
console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)

process.once('SIGTERM', () => {
  server.close(() => void answerer.dispose())
})
