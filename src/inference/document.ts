import type { Window } from '../squad/types.ts'
import { WindowCutter, type WindowOptions } from '../squad/windows.ts'
import { wordRanges } from '../squad/words.ts'
import type { BertTokenizer } from '../text/tokenizer.ts'

/** A text, tokenised once for all questions that are asked about it. */
export class Document {
  /** UTF-16 start and end of each word of the context, as words.ts lays them out. */
  readonly words: Int32Array
  private readonly cutter: WindowCutter

  constructor(
    readonly context: string,
    tokenizer: BertTokenizer,
    options: WindowOptions,
  ) {
    this.cutter = new WindowCutter(tokenizer, options)
    this.words = wordRanges(this.cutter.encodeContext(context))
  }

  /**
   * The windows through which a question is asked, in document order. `id` names the question in errors.
   * @throws SpanforgeError where the question leaves no room for the context
   */
  windows(question: string, id: string): Window[] {
    return this.cutter.cut({ id, question, context: this.context, answers: [] }, 0)
  }

  /** How many windows that will be. */
  countWindows(question: string): number {
    return this.cutter.count({ question, context: this.context })
  }
}
