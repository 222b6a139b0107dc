import type { AskedQuestion } from '../../data/each-question.ts'
import { SpanforgeError } from '../../errors.ts'
import { Document } from '../../squad/document.ts'
import type { Window } from '../../squad/types.ts'
import type { WindowOptions } from '../../squad/windows.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'

/** A question cut into windows, or the reason why it cannot be cut. */
export type CutQuestion =
  | { readonly asked: AskedQuestion; readonly document: Document; readonly windows: readonly Window[] }
  | { readonly asked: AskedQuestion; readonly error: string }

/**
 * Minimum number of windows in a block, the unit of computation. The last bits of a logit depend on which windows are
 * computed together, so blocks begin and end with the same questions whether a run was interrupted or not.
 */
const BLOCK = 512

/** Cuts questions into windows, block by block. Consecutive questions about the same context share its tokens. */
export async function* cutBlocks(
  questions: AsyncIterable<AskedQuestion>,
  tokenizer: Tokenizer,
  options: WindowOptions,
): AsyncGenerator<CutQuestion[]> {
  let document: Document | undefined
  let block: CutQuestion[] = []
  let windows = 0
  for await (const asked of questions) {
    if (document?.context !== asked.context) document = new Document(asked.context, tokenizer, options)
    const cut = cutQuestion(asked, document)
    block.push(cut)
    windows += 'windows' in cut ? cut.windows.length : 1
    if (windows < BLOCK) continue
    yield block
    block = []
    windows = 0
  }
  if (block.length > 0) yield block
}

function cutQuestion(asked: AskedQuestion, document: Document): CutQuestion {
  for (const name of ['question', 'context'] as const)
    if (!asked[name].trim()) return { asked, error: `${asked.place}: the ${name} is empty` }
  try {
    return { asked, document, windows: document.windows(asked.question, asked.id) }
  } catch (error) {
    if (!(error instanceof SpanforgeError)) throw error
    return { asked, error: error.message }
  }
}
