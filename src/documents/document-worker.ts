/** Worker that reads documents. Started by document-reader.ts, which ends it when a document takes too long. */
import { createHash } from 'node:crypto'
import { workerData } from 'node:worker_threads'
import { SpanforgeError } from '../errors.ts'
import { openRegularFile } from '../files/binary-file.ts'
import { answerCalls } from '../threads/calls.ts'
import type { DocumentType } from './document.ts'
import type { DocumentLimits, ReadResult } from './document-reader.ts'
import { parseDocument } from './parse-document.ts'

const limits = workerData as DocumentLimits

answerCalls({
  /** Reads a file, unless its contents have the digest `known`. */
  async read(path: string, type: DocumentType, known: string | undefined): Promise<ReadResult> {
    let digest: string | undefined
    try {
      const bytes = await bytesOf(path)
      digest = createHash('sha256').update(bytes).digest('hex')
      if (digest === known) return { digest, unchanged: true }
      return { digest, document: await parseDocument(type, bytes, limits) }
    } catch (error) {
      return { digest, problem: reasonOf(error, path) }
    }
  },
})

async function bytesOf(path: string): Promise<Uint8Array> {
  const file = await openRegularFile(path)
  try {
    const { size } = await file.stat()
    if (size > limits.max_bytes)
      throw new Error(`found ${megabytes(size)} MB, expected at most ${megabytes(limits.max_bytes)} MB`)
    const bytes = new Uint8Array(size)
    let done = 0
    while (done < size) {
      const { bytesRead } = await file.read(bytes, done, size - done, done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return bytes.subarray(0, done)
  } finally {
    await file.close()
  }
}

const megabytes = (bytes: number): string => Math.ceil(bytes / 2 ** 20).toLocaleString('en-US')

function reasonOf(error: unknown, path: string): string {
  if (error instanceof SpanforgeError) return error.summary.replace(`${path}: `, '')
  if (error instanceof RangeError && /call stack/.test(error.message)) return 'its structure is nested too deeply'
  const { message } = error as Error
  return message || 'cannot be read'
}
