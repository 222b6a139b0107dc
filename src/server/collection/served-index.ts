import type { FoundPassage, IndexFacts, PassageSearchOptions } from '../../search/passage-search.ts'
import { startWorker, Thread } from '../../threads/calls.ts'
import type { DocumentList, DocumentText } from '../http/collection-contract.ts'
import { HttpProblem } from '../http/problem.ts'
import type { ListOptions } from './from-index.ts'

/** Maximum number of searches that wait for the worker. Each takes some milliseconds. */
const MAX_WAITING = 256

/** The index of a server, which is opened again when it has been updated. */
export class ServedIndex {
  private waiting = 0

  private constructor(
    readonly folder: string,
    private opened: { readonly thread: Thread; readonly facts: IndexFacts },
  ) {}

  /** @throws UsageError if there is no index in the folder; SpanforgeError if it is corrupted */
  static async open(folder: string): Promise<ServedIndex> {
    return new ServedIndex(folder, await openThread(folder))
  }

  get facts(): IndexFacts {
    return this.opened.facts
  }

  search(question: string, options: PassageSearchOptions): Promise<FoundPassage[]> {
    return this.call('search', question, options)
  }

  documents(options: ListOptions): Promise<DocumentList> {
    return this.call('documents', options)
  }

  /** A document with a part of its text. */
  document(id: number, start: number, end?: number): Promise<DocumentText | undefined> {
    return this.call('document', id, start, end)
  }

  /** Opens the index again after it has been updated. If that fails, the old one stays in use. */
  async reload(): Promise<void> {
    const { thread } = this.opened
    this.opened = await openThread(this.folder)
    await closeThread(thread)
  }

  async end(): Promise<void> {
    await closeThread(this.opened.thread)
  }

  private async call<T>(name: string, ...args: readonly unknown[]): Promise<T> {
    if (this.waiting >= MAX_WAITING) throw new HttpProblem(503, 'Too many searches are waiting.', { retryAfter: 1 })
    this.waiting++
    try {
      return await this.opened.thread.call<T>(name, ...args)
    } catch (cause) {
      // The request is checked before the index is read, so the file is the reason, and the log says which.
      const remedy = 'Its operator must create the index again, and send SIGHUP to the server, whose log says more.'
      throw new HttpProblem(500, 'The index of this server cannot be read.', { remedy, cause })
    } finally {
      this.waiting--
    }
  }
}

async function openThread(folder: string) {
  const thread = new Thread(startWorker(import.meta.url, './index-worker', folder))
  try {
    return { thread, facts: await thread.call<IndexFacts>('facts') }
  } catch (error) {
    await thread.end()
    throw error
  }
}

/** Closes the index, which removes its temporary files, after the calls before it. */
async function closeThread(thread: Thread): Promise<void> {
  if (thread.isAlive) await thread.call('close').catch(() => {})
  await thread.end()
}
