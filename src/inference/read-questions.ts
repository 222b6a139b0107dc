import { UsageError } from '../errors.ts'
import type { SpanModel } from '../models/span-model.ts'
import { showValue } from '../show-value.ts'
import type { WindowLogits } from '../squad/answers/document-logits.ts'
import { Document } from '../squad/document.ts'
import type { Window } from '../squad/types.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { WindowingPlan } from './pipeline-options.ts'
import { streamLogits } from './stream-logits.ts'

export interface QuestionInput {
  readonly question: string
  readonly context: string
}

/** A question with its document and the logits of each of its windows. */
export interface ReadQuestion<T extends QuestionInput> {
  readonly input: T
  readonly document: Document
  readonly windows: readonly Window[]
  readonly logits: readonly WindowLogits[]
}

/**
 * Reads each question in its context, in order. Inputs may be a stream and are read on demand. Consecutive inputs with
 * the same context share its tokens.
 * @throws UsageError if a question or context is empty
 * @throws SpanforgeError if a question leaves no room for the context
 */
export async function* readQuestions<T extends QuestionInput>(
  model: SpanModel,
  tokenizer: Tokenizer,
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

/** @throws UsageError if the value is not a string or is empty */
export function checkText(name: string, text: unknown, index: number): void {
  if (typeof text !== 'string') throw new UsageError(`${name} ${index}: found ${showValue(text)}, expected a string`)
  if (text === '')
    throw new UsageError(`${name} ${index}: found an empty string, expected text`, `The first ${name} is number 0.`)
}
