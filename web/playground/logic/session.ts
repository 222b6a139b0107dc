import { type Shared, sharedOf } from './share-link.ts'

/** The state of a tab, stored across reloads. */
export interface Session extends Shared {
  /** The fragment of the address. If it changes, the session does not apply. */
  readonly link: string
  /** Whether the documents of the server were shown instead of the text; undefined if they were not loaded. */
  readonly documents?: boolean
  /** The questions to the documents, oldest first, with the documents that were searched, by id. */
  readonly searched: readonly { readonly question: string; readonly within: readonly (readonly [number, string])[] }[]
  /** The text being edited, if any. */
  readonly draft?: string
}

/** Parses a stored session. Returns undefined if it is invalid. */
export function parseSession(json: string | undefined): Session | undefined {
  try {
    const value = JSON.parse(json ?? 'null')
    const { link, documents, searched, draft } = Object(value) as Record<string, unknown>
    if (typeof link !== 'string') return undefined
    return {
      ...sharedOf(value),
      link,
      documents: typeof documents === 'boolean' ? documents : undefined,
      searched: Array.isArray(searched) ? searched.filter(isSearched) : [],
      draft: typeof draft === 'string' ? draft : undefined,
    }
  } catch {
    return undefined
  }
}

function isSearched(value: unknown): value is Session['searched'][number] {
  const { question, within } = Object(value) as Record<string, unknown>
  const isDocument = (entry: unknown) =>
    Array.isArray(entry) && typeof entry[0] === 'number' && typeof entry[1] === 'string'
  return typeof question === 'string' && Array.isArray(within) && within.every(isDocument)
}
