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

/** Minimum number of windows in a block, as estimated from the lengths of the texts. */
const BLOCK = 256

/** Number of characters in a token of English text. */
const CHARACTERS = 4

/** A way to cut questions into windows. */
export interface Cutting {
  readonly cut: (asked: AskedQuestion) => CutQuestion
  /** An estimate of the number of windows, without cutting them. */
  readonly estimate: (asked: AskedQuestion) => number
}

/**
 * Groups questions into blocks, the unit of computation. The last bits of a logit depend on which windows are computed
 * together, so blocks begin and end with the same questions whether a run was interrupted or not, and in every shard.
 * Boundaries depend only on estimates, so a shard need not tokenize the blocks of the others.
 */
export async function* questionBlocks(
  questions: AsyncIterable<AskedQuestion>,
  { estimate }: Pick<Cutting, 'estimate'>,
): AsyncGenerator<AskedQuestion[]> {
  let block: AskedQuestion[] = []
  let windows = 0
  for await (const asked of questions) {
    block.push(asked)
    windows += estimate(asked)
    if (windows < BLOCK) continue
    yield block
    block = []
    windows = 0
  }
  if (block.length > 0) yield block
}

/** Cuts questions in their own contexts. Consecutive questions about the same context share its tokens. */
export function contextCutting(tokenizer: Tokenizer, options: WindowOptions): Cutting {
  const perWindow = CHARACTERS * Math.max(1, options.max_seq_length - options.doc_stride)
  let document: Document | undefined
  return {
    estimate: ({ context }) => Math.max(1, Math.floor(context.length / perWindow)),
    cut: (asked) =>
      cutQuestion(asked, ['question', 'context'], () => {
        if (document?.context !== asked.context) document = new Document(asked.context, tokenizer, options)
        return { asked, document, windows: document.windows(asked.question, asked.id) }
      }),
  }
}

/** Cuts questions in the passages that an index finds for them. */
export const passageCutting = (reader: PassageReader, passages: number): Cutting => ({
  estimate: () => passages,
  cut: (asked) =>
    cutQuestion(asked, ['question'], () => {
      const found = reader.cut(asked.question, asked.id)
      return { asked, found, windows: found.windows }
    }),
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
