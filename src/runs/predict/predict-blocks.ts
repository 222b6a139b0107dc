import type { AskedQuestion } from '../../data/each-question.ts'
import { SpanforgeError } from '../../errors.ts'
import type { CutPassages, PassageReader } from '../../search/passage-reader.ts'
import { Document } from '../../squad/document.ts'
import type { Window } from '../../squad/types.ts'
import type { WindowOptions } from '../../squad/windows.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'

/** A question cut into windows, or the reason why it cannot be cut. */
export type CutQuestion =
  | { readonly asked: AskedQuestion; readonly document: Document; readonly windows: readonly Window[] }
  | { readonly asked: AskedQuestion; readonly found: CutPassages; readonly windows: readonly Window[] }
  | { readonly asked: AskedQuestion; readonly error: string }

/**
 * Minimum number of windows in a block, the unit of computation. The last bits of a logit depend on which windows are
 * computed together, so blocks begin and end with the same questions whether a run was interrupted or not.
 */
const BLOCK = 512

/** Cuts a question into windows. */
export type CutOne = (asked: AskedQuestion) => CutQuestion

/** Groups the windows of questions into blocks. */
export async function* cutBlocks(questions: AsyncIterable<AskedQuestion>, cut: CutOne): AsyncGenerator<CutQuestion[]> {
  let block: CutQuestion[] = []
  let windows = 0
  for await (const asked of questions) {
    const one = cut(asked)
    block.push(one)
    windows += 'windows' in one ? Math.max(1, one.windows.length) : 1
    if (windows < BLOCK) continue
    yield block
    block = []
    windows = 0
  }
  if (block.length > 0) yield block
}

/** Cuts questions in their own contexts. Consecutive questions about the same context share its tokens. */
export function contextCutter(tokenizer: Tokenizer, options: WindowOptions): CutOne {
  let document: Document | undefined
  return (asked) =>
    cutQuestion(asked, ['question', 'context'], () => {
      if (document?.context !== asked.context) document = new Document(asked.context, tokenizer, options)
      return { asked, document, windows: document.windows(asked.question, asked.id) }
    })
}

/** Cuts questions in the passages that an index finds for them. */
export const passageCutter =
  (reader: PassageReader): CutOne =>
  (asked) =>
    cutQuestion(asked, ['question'], () => {
      const found = reader.cut(asked.question, asked.id)
      return { asked, found, windows: found.windows }
    })

function cutQuestion(
  asked: AskedQuestion,
  needed: readonly ('question' | 'context')[],
  cut: () => CutQuestion,
): CutQuestion {
  for (const name of needed) if (!asked[name].trim()) return { asked, error: `${asked.place}: the ${name} is empty` }
  try {
    return cut()
  } catch (error) {
    if (!(error instanceof SpanforgeError)) throw error
    return { asked, error: error.message }
  }
}
