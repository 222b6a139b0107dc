import { SpanforgeError, UsageError } from '../errors.ts'
import { showText, showValue } from '../show-value.ts'
import type { PairLayout } from '../text/components/post-processors.ts'
import type { Encoding } from '../text/encoding.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { Example, Window } from './types.ts'
import {
  contextRange,
  contextStart,
  specialTokenCount,
  type WindowLayout,
  type WindowPlan,
  windowIds,
  windowTypes,
} from './window-plan.ts'

export interface WindowOptions {
  /** Maximum number of tokens in a window, including special tokens. */
  readonly max_seq_length: number
  /** Number of context tokens that consecutive windows share. */
  readonly doc_stride: number
  /** Maximum length of a question in tokens (default: no limit). Longer questions are truncated. */
  readonly max_question_length?: number
  /** Keeps whitespace before a question, as the Python pipeline does (default: false, as in run_qa.py). */
  readonly keep_leading_spaces?: boolean
  /** Maximum number of tokens that the model supports, for suggestions in errors. */
  readonly max_positions?: number
  /** Name of max_seq_length in messages, as used by the current command or function. */
  readonly length_name?: string
}

/** The part of an encoding that windows are made of. */
export type Tokens = Pick<Encoding, 'ids' | 'offsets'>

/**
 * Cuts examples into windows like run_qa.py with a fast tokenizer: each window contains the question, by default without
 * leading whitespace, and as much of the context as fits. Consecutive windows overlap by `doc_stride` tokens.
 */
export class WindowCutter {
  readonly layout: WindowLayout
  private readonly max_question_length: number
  private context = ''
  private encoding: Encoding | undefined

  constructor(
    readonly tokenizer: Tokenizer,
    readonly options: WindowOptions,
  ) {
    const {
      max_seq_length,
      doc_stride,
      max_question_length = Number.MAX_SAFE_INTEGER,
    }: Partial<WindowOptions> = options ?? {}
    for (const [name, value] of Object.entries({ max_seq_length, doc_stride, max_question_length }))
      if (!Number.isSafeInteger(value) || value < 0)
        throw new UsageError(
          `${name} is ${showValue(value)}; expected an integer of at least 0`,
          'For example: { max_seq_length: 384, doc_stride: 128 }',
        )
    this.max_question_length = max_question_length
    this.layout = { pair: questionLayout(tokenizer), has_token_types: tokenizer.settings.has_token_types }
  }

  /**
   * Cuts an example into windows. `index` is its index in the list of examples.
   * @throws SpanforgeError if the question leaves too little room for a context that does not fit in one window
   */
  cut(example: Example, index: number): Window[] {
    const question = this.encodeQuestion(example.question)
    const context = this.encodeContext(example.context)
    const plan = this.plan(question, context, example.id)
    return Array.from({ length: plan.count }, (_, window) =>
      this.window(index, question, context, ...contextRange(plan, window)),
    )
  }

  /**
   * Computes the boundaries of the windows. `id` is the id of the question for errors.
   * @throws SpanforgeError if the question leaves too little room for a context that does not fit in one window
   */
  plan(question: Tokens, context: Tokens, id: string): WindowPlan {
    const plan = this.layOut(question, context)
    if (!movesOn(plan)) throw tooLong(id, plan, this.options)
    return plan
  }

  /** Number of windows that `cut` creates, without creating them; 1 if `cut` throws. */
  count(question: Tokens, context: Tokens): number {
    return this.layOut(question, context).count
  }

  /** Whether an example can be cut: whether its question leaves enough room for the context. */
  canCut({ question, context }: Pick<Example, 'question' | 'context'>): boolean {
    return movesOn(this.layOut(this.encodeQuestion(question), this.encodeContext(context)))
  }

  /** Encodes a context. The last one is cached, because consecutive questions often share it. */
  encodeContext(context: string): Encoding {
    if (!this.encoding || context !== this.context) {
      this.encoding = this.tokenizer.encode(context)
      this.context = context
    }
    return this.encoding
  }

  /** Encodes a question as it appears in every window. */
  encodeQuestion(question: string): Encoding {
    const text = this.options.keep_leading_spaces ? question : leftStripped(question)
    return firstTokens(this.tokenizer.encode(text), this.max_question_length)
  }

  /** Creates the window with the context tokens from `first` up to, but not including, `last`. */
  window(example: number, question: Tokens, context: Tokens, first: number, last: number): Window {
    const input_ids = windowIds(this.layout, question.ids, context.ids.subarray(first, last))
    const context_start = contextStart(this.layout, question.ids.length)
    const context_end = context_start + last - first
    const offsets = new Int32Array(2 * input_ids.length)
    offsets.set(question.offsets, 2 * this.layout.pair.before.ids.length)
    offsets.set(context.offsets.subarray(2 * first, 2 * last), 2 * context_start)
    const window = { example, input_ids, context_start, context_end, offsets }
    const token_types = windowTypes(this.layout, question.ids.length, last - first, first > 0)
    return token_types ? { ...window, token_types } : window
  }

  private layOut(question: Tokens, context: Tokens): WindowPlan {
    const special = specialTokenCount(this.layout)
    const room = this.options.max_seq_length - question.ids.length - special
    const step = room - this.options.doc_stride
    const more = context.ids.length - room
    const count = more <= 0 || step <= 0 ? 1 : 1 + Math.ceil(more / step)
    return { count, question: question.ids.length, special, context: context.ids.length, room, step }
  }
}

/** Whether the windows of a plan reach the end of its context. */
const movesOn = ({ context, room, step }: WindowPlan): boolean => step > 0 || context <= room

/**
 * The layout in which a tokenizer arranges a question and its context.
 * @throws SpanforgeError unless it puts special tokens before the question and after the context, in this order
 */
export function questionLayout({ pair, settings }: Tokenizer): PairLayout {
  for (const name of ['padding_side', 'truncation_side'] as const)
    if (settings[name] === 'left')
      throw new SpanforgeError(
        `tokenizer_config.json: ${name} is left, which is not supported for question answering`,
        { remedy: `Set ${name} to right, which is what BERT models are trained with.` },
      )
  if (pair?.before.ids.length && pair.after.ids.length) return pair
  throw new SpanforgeError(`tokenizer.json: ${whatPairsLack(settings.post_processor !== null, pair)}`, {
    remedy:
      'Use a tokenizer with the post_processor of BERT, which makes [CLS] question [SEP] context [SEP]. ' +
      'AutoTokenizer can still tokenize texts with this one.',
  })
}

/** Explains why the pair layout is not suitable: a special token before the question must represent "no answer". */
function whatPairsLack(hasPostProcessor: boolean, pair: PairLayout | undefined): string {
  if (!hasPostProcessor)
    return 'post_processor is null, so pairs get no special tokens; question answering requires one before the question, which represents "no answer"'
  if (!pair) return 'the post_processor must output the question once, followed by the context once'
  if (pair.before.ids.length === 0)
    return 'the post_processor puts no special token before the question; question answering requires one, such as [CLS], which represents "no answer"'
  return 'the post_processor puts no special token after the context; question answering requires one, such as [SEP]'
}

/** Cuts all examples into windows. `onProgress` receives the number of finished examples. */
export function createWindows(
  tokenizer: Tokenizer,
  examples: readonly Example[],
  options: WindowOptions,
  onProgress?: (done: number) => void,
): Window[] {
  const cutter = new WindowCutter(tokenizer, options)
  const windows: Window[] = []
  for (const [index, example] of examples.entries()) {
    for (const window of cutter.cut(example, index)) windows.push(window)
    onProgress?.(index + 1)
  }
  return windows
}

/** Token types of a window; by default those of BERT: 0 for [CLS] question [SEP], 1 for context [SEP]. */
export const tokenTypeIds = ({
  input_ids,
  context_start,
  token_types,
}: Pick<Window, 'input_ids' | 'context_start' | 'token_types'>): Int32Array =>
  token_types ? Int32Array.from(token_types) : new Int32Array(input_ids.length).fill(1, context_start)

const firstTokens = ({ ids, offsets, wordIds }: Encoding, count: number): Encoding => ({
  ids: ids.subarray(0, count),
  offsets: offsets.subarray(0, 2 * count),
  wordIds: wordIds.subarray(0, count),
})

/** Removes leading whitespace like Python's `str.lstrip`, where U+001C to U+001F are whitespace. */
function leftStripped(text: string): string {
  let start = 0
  while (start < text.length && isPythonSpace(text.charCodeAt(start))) start++
  return text.slice(start)
}

const isPythonSpace = (code: number): boolean =>
  (code >= 0x1c && code <= 0x1f) || /\p{White_Space}/u.test(String.fromCharCode(code))

function tooLong(id: string, { question, room }: WindowPlan, options: WindowOptions): SpanforgeError {
  const { max_seq_length, doc_stride, length_name = 'max_seq_length' } = options
  const place = `question ${showText(id)}: its ${question} tokens leave`
  const finding =
    room <= 0
      ? `${place} no room for the context in windows of ${length_name} ${max_seq_length}`
      : `${place} room for ${room} context tokens in windows of ${length_name} ${max_seq_length}, which ` +
        `must be more than doc_stride ${doc_stride}`
  return new SpanforgeError(finding, { remedy: `${roomRemedies(room, options).join(', or ')}.` })
}

/** Remedies with values for which the question fits and that the model supports. */
function roomRemedies(room: number, options: WindowOptions): string[] {
  const {
    max_seq_length,
    doc_stride,
    max_positions = Number.POSITIVE_INFINITY,
    length_name = 'max_seq_length',
  } = options
  const taken = max_seq_length - room
  const needed = taken + doc_stride + 1
  const remedies: string[] = []
  if (room > 0) remedies.push(`use a doc_stride below ${room}`)
  if (needed <= max_positions) remedies.push(`raise ${length_name} to ${needed} or more`)
  else if (room <= 0 && taken + 1 < max_positions)
    remedies.push(`use ${length_name} ${max_positions} with a doc_stride below ${max_positions - taken}`)
  else if (room <= 0) remedies.push(`the model supports at most ${max_positions} tokens`)
  return ['Shorten the question', ...remedies]
}

/** @deprecated Use `createWindows`; this name will be removed in version 0.3. */
export const makeWindows = createWindows
