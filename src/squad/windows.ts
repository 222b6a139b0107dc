import { SpanforgeError, UsageError } from '../errors.ts'
import { showText } from '../show-value.ts'
import type { Encoding } from '../text/encoding.ts'
import type { PairLayout } from '../text/post-processors.ts'
import type { BertTokenizer } from '../text/tokenizer.ts'
import type { Example, Window } from './types.ts'

export interface WindowOptions {
  /** Tokens of a window at most, [CLS] and both [SEP] included. */
  readonly max_seq_length: number
  /** Context tokens that a window shares with the one before. */
  readonly doc_stride: number
  /** Tokens of a question at most: what follows is left out. All unless given. */
  readonly max_question_length?: number
  /** The most tokens that the model can read, to suggest no larger windows. */
  readonly max_positions?: number
  /** The name of max_seq_length in messages: what the command or function at hand calls it. */
  readonly length_name?: string
}

/**
 * Cuts examples into windows as run_qa.py does with a fast tokenizer: the question, its leading white space taken off,
 * in every window; of the context as much as there is room for, windows overlapping by `doc_stride` tokens.
 */
export class WindowCutter {
  private readonly max_question_length: number
  private readonly pair: PairLayout
  /** Special tokens of a window: [CLS] before the question, [SEP] after it, [SEP] after the context. */
  private readonly specialTokens: number
  private context = ''
  private encoding: Encoding | undefined

  constructor(
    readonly tokenizer: BertTokenizer,
    readonly options: WindowOptions,
  ) {
    const { max_seq_length, doc_stride, max_question_length = Number.MAX_SAFE_INTEGER } = options
    for (const [name, value] of Object.entries({ max_seq_length, doc_stride, max_question_length }))
      if (!Number.isSafeInteger(value) || value < 0)
        throw new UsageError(`${name} is ${value}; expected a whole number of tokens from 0`)
    this.max_question_length = max_question_length
    this.pair = questionLayout(tokenizer)
    const { before, between, after } = this.pair
    this.specialTokens = before.ids.length + between.ids.length + after.ids.length
  }

  /**
   * The windows of one example; `index` is its place in the list of examples.
   * @throws SpanforgeError where the question leaves no room, or room not larger than `doc_stride`, for a context that
   * needs more.
   */
  cut(example: Example, index: number): Window[] {
    const { doc_stride } = this.options
    const question = this.encodeQuestion(example.question)
    const context = this.encodeContext(example.context)
    const length = context.ids.length
    const room = this.room(question)
    if (length <= room) return [this.window(index, question, context, 0, length)]
    if (room <= doc_stride) throw tooLong(example, question.ids.length, room, this.options)
    const windows: Window[] = []
    for (let first = 0, last = 0; last < length; first += room - doc_stride) {
      last = Math.min(length, first + room)
      windows.push(this.window(index, question, context, first, last))
    }
    return windows
  }

  /** How many windows `cut` makes of a question, without making them. */
  count({ question, context }: Pick<Example, 'question' | 'context'>): number {
    const { doc_stride } = this.options
    const room = this.room(this.encodeQuestion(question))
    const more = this.encodeContext(context).ids.length - room
    return more <= 0 || room <= doc_stride ? 1 : 1 + Math.ceil(more / (room - doc_stride))
  }

  /** Whether `cut` has room for the question and enough of the context. */
  canCut({ question, context }: Pick<Example, 'question' | 'context'>): boolean {
    const room = this.room(this.encodeQuestion(question))
    return room > this.options.doc_stride || this.encodeContext(context).ids.length <= room
  }

  /** The tokens of a context. The questions of a paragraph follow one another and share it: the last one is kept. */
  encodeContext(context: string): Encoding {
    if (!this.encoding || context !== this.context) {
      this.encoding = this.tokenizer.encode(context)
      this.context = context
    }
    return this.encoding
  }

  /** The question as it stands in every window. */
  private encodeQuestion(question: string): Encoding {
    return firstTokens(this.tokenizer.encode(leftStripped(question)), this.max_question_length)
  }

  /** Context tokens of a window at most. */
  private room(question: Encoding): number {
    return this.options.max_seq_length - question.ids.length - this.specialTokens
  }

  private window(example: number, question: Encoding, context: Encoding, first: number, last: number): Window {
    const { before, between, after } = this.pair
    const question_start = before.ids.length
    const question_end = question_start + question.ids.length
    const context_start = question_end + between.ids.length
    const context_end = context_start + last - first
    const input_ids = new Int32Array(context_end + after.ids.length)
    input_ids.set(before.ids)
    input_ids.set(question.ids, question_start)
    input_ids.set(between.ids, question_end)
    input_ids.set(context.ids.subarray(first, last), context_start)
    input_ids.set(after.ids, context_end)
    const offsets = new Int32Array(2 * input_ids.length)
    offsets.set(question.offsets, 2 * question_start)
    offsets.set(context.offsets.subarray(2 * first, 2 * last), 2 * context_start)
    const window = { example, input_ids, context_start, context_end, offsets }
    const token_types = this.tokenTypes(question.ids.length, last - first)
    return token_types ? { ...window, token_types } : window
  }

  /** Undefined where they are BERT's. */
  private tokenTypes(question: number, context: number): Uint8Array | undefined {
    const { before, between, after, types } = this.pair
    if (!this.tokenizer.settings.has_token_types) return new Uint8Array(question + context + this.specialTokens)
    const first = [...before.types, types[0], ...between.types]
    if (first.every((type) => type === 0) && [types[1], ...after.types].every((type) => type === 1)) return undefined
    return Uint8Array.from([
      ...before.types,
      ...new Uint8Array(question).fill(types[0]),
      ...between.types,
      ...new Uint8Array(context).fill(types[1]),
      ...after.types,
    ])
  }
}

/**
 * How a tokenizer lays out a question and its context.
 * @throws SpanforgeError where no special token comes first, whose position stands for "no answer here", or where the
 * question does not
 */
function questionLayout({ pair, settings }: BertTokenizer): PairLayout {
  for (const name of ['padding_side', 'truncation_side'] as const)
    if (settings[name] === 'left')
      throw new SpanforgeError(
        `tokenizer_config.json: ${name} is left, which puts the context before the question or cuts it from its end; ` +
          'spanforge supports right only',
        { remedy: `Set ${name} to right, as models of BERT's kind are trained.` },
      )
  if (pair?.before.ids.length && pair.after.ids.length) return pair
  throw new SpanforgeError(
    'tokenizer.json: the post_processor does not put a question and its context between special tokens, such as ' +
      '[CLS] question [SEP] context [SEP]; answering questions needs the first to stand for "no answer"',
    { remedy: 'Use a tokenizer with the post_processor of BERT.' },
  )
}

/** The windows of all examples, in their order; `onProgress` is told the number of examples done. */
export function makeWindows(
  tokenizer: BertTokenizer,
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

/** As BERT's: 0 for [CLS], the question and its [SEP]; 1 for the context and its [SEP]. */
export const tokenTypeIds = ({ input_ids, context_start, token_types }: Window): Int32Array =>
  token_types ? Int32Array.from(token_types) : new Int32Array(input_ids.length).fill(1, context_start)

const firstTokens = ({ ids, offsets, wordIds }: Encoding, count: number): Encoding => ({
  ids: ids.subarray(0, count),
  offsets: offsets.subarray(0, 2 * count),
  wordIds: wordIds.subarray(0, count),
})

/** Without leading white space in the sense of Python's `str.lstrip`: the separators 1c to 1f are white space there. */
function leftStripped(text: string): string {
  let start = 0
  while (start < text.length && isPythonSpace(text.charCodeAt(start))) start++
  return text.slice(start)
}

const isPythonSpace = (code: number): boolean =>
  (code >= 0x1c && code <= 0x1f) || /\p{White_Space}/u.test(String.fromCharCode(code))

function tooLong(example: Example, tokens: number, room: number, options: WindowOptions): SpanforgeError {
  const { max_seq_length, doc_stride, length_name = 'max_seq_length' } = options
  const place = `question ${showText(example.id)}: its ${tokens} tokens leave`
  const finding =
    room <= 0
      ? `${place} no room for the context in windows of ${length_name} ${max_seq_length}`
      : `${place} room for ${room} context tokens in windows of ${length_name} ${max_seq_length}, not more than ` +
        `their overlap, doc_stride ${doc_stride}`
  return new SpanforgeError(finding, { remedy: `${roomRemedies(room, options).join(', or ')}.` })
}

/** Values with which a question fits; none that the model cannot have. */
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
  else if (room <= 0) remedies.push(`the model reads at most ${max_positions} tokens`)
  return ['Shorten the question', ...remedies]
}
