import { startWorker, Thread } from '../threads/calls.ts'
import type { DocumentType, ReadDocument } from './document.ts'

/** Limits for reading a document. A document that exceeds one of them is skipped with a message. */
export interface DocumentLimits {
  /** Maximum size of the file in bytes. */
  readonly max_bytes: number
  /** Maximum size of the parts of a docx file after decompression, in bytes. */
  readonly max_unpacked: number
  /** Maximum number of pages of a PDF. */
  readonly max_pages: number
  /** Maximum number of characters of text. */
  readonly max_characters: number
  /** Maximum time for reading one document, in seconds. */
  readonly max_seconds: number
  /** Maximum memory for reading one document, in bytes. */
  readonly max_memory: number
}

const MEGABYTE = 2 ** 20

export const DOCUMENT_LIMITS: DocumentLimits = {
  max_bytes: 100 * MEGABYTE,
  max_unpacked: 200 * MEGABYTE,
  max_pages: 5000,
  max_characters: 20_000_000,
  max_seconds: 60,
  max_memory: 1024 * MEGABYTE,
}

/** A document, the fact that its file is unchanged, or the reason why it cannot be read. */
export type ReadResult =
  | { readonly digest: string; readonly document: ReadDocument }
  | { readonly digest: string; readonly unchanged: true }
  | { readonly digest?: string; readonly problem: string }

/** Milliseconds between checks of time and memory. */
const CHECK_INTERVAL = 50

/** Reads documents one after the other in a worker, which is replaced if a document exceeds its time or memory. */
export class DocumentReader {
  private thread: Thread | undefined
  private readonly limits: DocumentLimits

  constructor(limits: Partial<DocumentLimits> = {}) {
    this.limits = { ...DOCUMENT_LIMITS, ...limits }
  }

  /** Reads a file, unless its contents have the digest `known`. Call it again only after it has settled. */
  async read(path: string, type: DocumentType, known?: string): Promise<ReadResult> {
    this.thread ??= new Thread(
      startWorker(import.meta.url, './document-worker', this.limits, {
        maxOldGenerationSizeMb: this.limits.max_memory / 2 ** 20,
      }),
    )
    const { thread } = this
    const watch = watchCosts(this.limits)
    try {
      const result = await Promise.race([thread.call<ReadResult>('read', path, type, known), watch.exceeded])
      if (typeof result !== 'string') return result
      await this.end()
      return { problem: result }
    } catch (error) {
      await this.end()
      return { problem: endedBecause(error as Error, this.limits) }
    } finally {
      watch.stop()
    }
  }

  async end(): Promise<void> {
    const { thread } = this
    this.thread = undefined
    await thread?.end()
  }
}

function watchCosts({ max_seconds, max_memory }: DocumentLimits) {
  const began = performance.now()
  const before = process.memoryUsage.rss()
  let timer: NodeJS.Timeout | undefined
  const exceeded = new Promise<string>((resolve) => {
    timer = setInterval(() => {
      if (performance.now() - began > 1000 * max_seconds) resolve(`took more than ${max_seconds} s`)
      else if (process.memoryUsage.rss() - before > max_memory) resolve(needsMemory(max_memory))
    }, CHECK_INTERVAL)
  })
  return { exceeded, stop: () => clearInterval(timer) }
}

const needsMemory = (bytes: number): string => `needs more than ${Math.round(bytes / 2 ** 20)} MB of memory to read`

const endedBecause = (error: Error, { max_memory }: DocumentLimits): string =>
  (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY' ? needsMemory(max_memory) : error.message
