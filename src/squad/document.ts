import type { Tokenizer } from '../text/tokenizer.ts'
import { wordRanges } from './answers/words.ts'
import type { Window } from './types.ts'
import { contextRange, type WindowLayout, type WindowPlan } from './window-plan.ts'
import { type Tokens, WindowCutter, type WindowOptions } from './windows.ts'

/** A text that is tokenized once for all questions about it. */
export class Document {
  /** UTF-16 start and end of each word of the context, in the layout of words.ts. */
  readonly words: Int32Array
  readonly tokens: Tokens
  private readonly cutter: WindowCutter

  /** `encoding` is the encoding of the context, if it is already tokenized. */
  constructor(
    readonly context: string,
    tokenizer: Tokenizer,
    options: WindowOptions,
    encoding = tokenizer.encode(context),
  ) {
    const { ids, offsets } = encoding
    this.cutter = new WindowCutter(tokenizer, options)
    this.words = wordRanges(encoding)
    this.tokens = { ids, offsets }
  }

  /** The tokens that surround the question and the context in each window. */
  get layout(): WindowLayout {
    return this.cutter.layout
  }

  /** Returns the tokens of a question as they appear in every window. */
  encodeQuestion(question: string): Tokens {
    return this.cutter.encodeQuestion(question)
  }

  /**
   * Plans the windows of a question. `id` identifies the question in errors.
   * @throws SpanforgeError if the question leaves no room for the context
   */
  plan(question: Tokens, id: string): WindowPlan {
    return this.cutter.plan(question, this.tokens, id)
  }

  /** Creates the first `count` windows of a plan, in document order. */
  cut(question: Tokens, plan: WindowPlan, count = plan.count): Window[] {
    return Array.from({ length: count }, (_, window) =>
      this.cutter.window(0, question, this.tokens, ...contextRange(plan, window)),
    )
  }

  /**
   * Creates all windows of a question, in document order.
   * @throws SpanforgeError if the question leaves no room for the context
   */
  windows(question: string, id: string): Window[] {
    const tokens = this.encodeQuestion(question)
    return this.cut(tokens, this.plan(tokens, id))
  }

  /** Returns the number of windows that `windows` creates, or 1 if it would throw. */
  countWindows(question: string): number {
    return this.cutter.count(this.encodeQuestion(question), this.tokens)
  }
}
