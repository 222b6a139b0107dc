import type { Window } from '../squad/types.ts'
import { contextRange, type WindowLayout, type WindowPlan } from '../squad/window-plan.ts'
import { type Tokens, WindowCutter, type WindowOptions } from '../squad/windows.ts'
import { wordRanges } from '../squad/words.ts'
import type { BertTokenizer } from '../text/tokenizer.ts'

/** A text, tokenized once for all questions that are asked about it. */
export class Document {
  /** UTF-16 start and end of each word of the context, as words.ts lays them out. */
  readonly words: Int32Array
  readonly tokens: Tokens
  private readonly cutter: WindowCutter

  /** `encoding` is the context's, where it has been tokenized before. */
  constructor(
    readonly context: string,
    tokenizer: BertTokenizer,
    options: WindowOptions,
    encoding = tokenizer.encode(context),
  ) {
    const { ids, offsets } = encoding
    this.cutter = new WindowCutter(tokenizer, options)
    this.words = wordRanges(encoding)
    this.tokens = { ids, offsets }
  }

  /** What surrounds the tokens of question and context in each window. */
  get layout(): WindowLayout {
    return this.cutter.layout
  }

  /** The tokens of a question as every window holds them. */
  encodeQuestion(question: string): Tokens {
    return this.cutter.encodeQuestion(question)
  }

  /**
   * Where the windows of a question lie. `id` names the question in errors.
   * @throws SpanforgeError where the question leaves no room for the context
   */
  plan(question: Tokens, id: string): WindowPlan {
    return this.cutter.plan(question, this.tokens, id)
  }

  /** The first windows of a plan, in document order. */
  cut(question: Tokens, plan: WindowPlan, count = plan.count): Window[] {
    return Array.from({ length: count }, (_, window) =>
      this.cutter.window(0, question, this.tokens, ...contextRange(plan, window)),
    )
  }

  /**
   * All windows of a question, in document order.
   * @throws SpanforgeError as `plan`
   */
  windows(question: string, id: string): Window[] {
    const tokens = this.encodeQuestion(question)
    return this.cut(tokens, this.plan(tokens, id))
  }

  /** How many windows `windows` returns; 1 where it throws. */
  countWindows(question: string): number {
    return this.cutter.count(this.encodeQuestion(question), this.tokens)
  }
}
