import { Thread } from '../threads/calls.ts'
import { startWorker } from '../threads/start-worker.ts'
import type { Parsed } from './json-worker.ts'
import { HttpProblem } from './problem.ts'

/** Parses large bodies in a thread, which is started for the first of them. */
export class JsonThread {
  private thread: Thread | undefined

  /** @throws Problem as `parseRequestJson` */
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
