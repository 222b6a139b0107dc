import { Thread } from '../threads/calls.ts'
import { startWorker } from '../threads/start-worker.ts'
import type { Parsed } from './json-worker.ts'
import { HttpProblem } from './problem.ts'

/** Parses large request bodies in a thread, which starts with the first one. */
export class JsonThread {
  private thread: Thread | undefined

  /** @throws HttpProblem for the same reasons as `parseRequestJson` */
  async parse(body: Uint8Array): Promise<unknown> {
    if (!this.thread?.isAlive) this.thread = new Thread(startWorker(import.meta.url, './json-worker', undefined))
    const { value, refused } = await this.thread.call<Parsed>('parse', body)
    if (refused) throw new HttpProblem(refused.status, refused.detail, { remedy: refused.remedy })
    return value
  }

  async end(): Promise<void> {
    await this.thread?.end()
  }
}
