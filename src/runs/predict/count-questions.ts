import { eachQuestion } from '../../data/each-question.ts'
import type { DataSource } from '../../data/read-examples.ts'
import { QuestionsDigest } from '../../inference/digests.ts'

export interface Counted {
  readonly questions: number
  /** Number of questions with the id of an earlier question. */
  readonly repeated: number
  readonly firstRepeated?: string
  /** Digest of everything in the questions that the answers depend on. */
  readonly digest: string
}

/** Maximum number of ids to remember when looking for repeated ones, so that memory stays bounded. */
const MAX_IDS = 2_000_000

/** Reads the whole file once, to count its questions and find problems before hours of work begin. */
export async function countQuestions(
  source: DataSource,
  { contexts, signal }: { readonly contexts: boolean; readonly signal?: AbortSignal },
): Promise<Counted> {
  const ids = new Set<string>()
  let [questions, repeated] = [0, 0]
  let firstRepeated: string | undefined
  const digest = new QuestionsDigest()
  for await (const asked of eachQuestion(source, { contexts })) {
    const { id } = asked
    digest.add(asked)
    if (++questions % 4096 === 0) signal?.throwIfAborted()
    if (ids.has(id)) {
      repeated++
      firstRepeated ??= id
    } else if (ids.size < MAX_IDS) ids.add(id)
  }
  return { questions, repeated, firstRepeated, digest: digest.end() }
}
