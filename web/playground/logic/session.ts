import { type Shared, sharedOf } from './share-link.ts'

/** What one tab shows, kept over a reload. */
export interface Session extends Shared {
  /** The fragment of the page's address: another one asks for another page. */
  readonly link: string
  /** The text that is being written, while it is. */
  readonly draft?: string
}

/** A session as it was kept; undefined for anything else. */
export function parseSession(json: string | undefined): Session | undefined {
  try {
    const value = JSON.parse(json ?? 'null')
    const { link, draft } = Object(value) as Record<string, unknown>
    if (typeof link !== 'string') return undefined
    return { ...sharedOf(value), link, draft: typeof draft === 'string' ? draft : undefined }
  } catch {
    return undefined
  }
}
