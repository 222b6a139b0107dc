import { UsageError } from '../errors.ts'
import type { QuestionAnsweringModel } from '../models/question-answering.ts'
import { showValue } from '../show-value.ts'
import type { WindowLogits } from '../squad/document-logits.ts'
import type { Window } from '../squad/types.ts'
import type { BertTokenizer } from '../text/tokenizer.ts'
import { Document } from './document.ts'
import type { WindowingPlan } from './pipeline-options.ts'
import { streamLogits } from './stream-logits.ts'

export interface QuestionInput {
  readonly question: string
  readonly context: string
}

/** A question, the document it is asked of, and what the model says of each of its windows. */
export interface ReadQuestion<T extends QuestionInput> {
  readonly input: T
  readonly document: Document
  readonly windows: readonly Window[]
  readonly logits: readonly WindowLogits[]
}

/**
 * Each question read in its context, in order. Inputs may be a stream: one is asked for when its turn comes. Neighbours
 * with the same context share its tokens.
 * @throws UsageError for an empty question or context; SpanforgeError for a question that leaves no room for the context
 */
export async function* readQuestions<T extends QuestionInput>(
  model: QuestionAnsweringModel,
  tokenizer: BertTokenizer,
  inputs: Iterable<T> | AsyncIterable<T>,
  windowing: WindowingPlan,
): AsyncGenerator<ReadQuestion<T>> {
  async function* cut() {
    let document: Document | undefined
    let index = 0
    for await (const input of inputs) {
      checkText('question', input.question, index)
      checkText('context', input.context, index)
      if (document?.context !== input.context) document = new Document(input.context, tokenizer, windowing.windows)
      yield { input, document, windows: document.windows(input.question, `${index++}`) }
    }
  }
  yield* streamLogits(model, cut(), windowing.forward)
}

/** @throws UsageError for what is no text, or an empty one */
export function checkText(name: string, text: unknown, index: number): void {
  if (typeof text !== 'string') throw new UsageError(`${name} ${index}: found ${showValue(text)}, expected a text`)
  if (text === '') throw new UsageError(`${name} ${index}: found an empty text`)
}
