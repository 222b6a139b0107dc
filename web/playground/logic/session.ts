import { type Shared, sharedOf } from './share-link.ts'

/** The state of a tab, stored across reloads. */
export interface Session extends Shared {
  /** The fragment of the address. If it changes, the session does not apply. */
  readonly link: string
  /** The text being edited, if any. */
  readonly draft?: string
}

/** Parses a stored session. Returns undefined if it is invalid. */
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
