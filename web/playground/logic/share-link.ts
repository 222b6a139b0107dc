/** Everything that a link shares stands in its fragment, which browsers do not send: nothing leaves the machine. */
import { pack, unpack } from './packed.ts'

export interface Shared {
  readonly text: string
  readonly name: string
  readonly questions: readonly string[]
  /** Ids of models; those that another server lacks are passed over. */
  readonly models: readonly string[]
  /** Answers less sure than this count as none; 0 .. 1. */
  readonly threshold: number
}

/** Some mail and chat programs cut longer links. */
export const LONG_LINK = 8000

const MARK = '#share='

export const toFragment = async (shared: Shared): Promise<string> => MARK + (await pack(JSON.stringify(shared)))

/**
 * What a fragment shares; undefined for one that shares nothing.
 * @throws Error for a link that was cut off or changed
 */
export async function fromFragment(fragment: string): Promise<Shared | undefined> {
  if (!fragment.startsWith(MARK)) return undefined
  try {
    return sharedOf(JSON.parse(await unpack(fragment.slice(MARK.length))))
  } catch (cause) {
    throw new Error('This link is damaged: it was cut off or changed on its way. Ask for it again.', { cause })
  }
}

/** @throws Error for a value of another form */
export function sharedOf(value: unknown): Shared {
  const { text, name, questions, models, threshold } = Object(value) as Record<string, unknown>
  if (typeof text !== 'string' || typeof name !== 'string' || !isTexts(questions) || !isTexts(models))
    throw new Error('not a shared page')
  const share = typeof threshold === 'number' && threshold >= 0 && threshold <= 1 ? threshold : 0
  return { text, name, questions, models, threshold: share }
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
