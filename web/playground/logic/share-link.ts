/** Links that share a page. The content is in the fragment, which browsers do not send to servers. */
import { compress, decompress } from './packed.ts'

export interface Shared {
  readonly text: string
  readonly name: string
  readonly questions: readonly string[]
  /** Model ids; those unknown to the server are ignored. */
  readonly models: readonly string[]
  /** Minimum confidence of an answer, from 0 to 1. */
  readonly threshold: number
}

/** Length above which some mail and chat programs truncate links. */
export const LONG_LINK = 8000

const MARK = '#share='

export const toFragment = async (shared: Shared): Promise<string> => MARK + (await compress(JSON.stringify(shared)))

/**
 * Parses a fragment. Returns undefined if it is not a share link.
 * @throws Error if the link is truncated or changed
 */
export async function fromFragment(fragment: string): Promise<Shared | undefined> {
  if (!fragment.startsWith(MARK)) return undefined
  try {
    return sharedOf(JSON.parse(await decompress(fragment.slice(MARK.length))))
  } catch (cause) {
    throw new Error('This link is corrupted: it was truncated or changed. Ask the sender for it again.', { cause })
  }
}

/** @throws Error if the value is invalid */
export function sharedOf(value: unknown): Shared {
  const { text, name, questions, models, threshold } = Object(value) as Record<string, unknown>
  if (typeof text !== 'string' || typeof name !== 'string' || !isTexts(questions) || !isTexts(models))
    throw new Error('not a shared page')
  const share = typeof threshold === 'number' && threshold >= 0 && threshold <= 1 ? threshold : 0
  return { text, name, questions, models, threshold: share }
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
