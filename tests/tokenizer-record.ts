import { tokenTypeIds, WindowCutter, type WindowOptions } from '../src/squad/windows.ts'
import type { Tokenizer } from '../src/text/index.ts'

/** The encoding of a text in transformers, with flat offsets in UTF-16 code units. */
export interface RecordedText {
  readonly text: string
  /** Why Python cannot encode the text. */
  readonly error?: string
  readonly ids: number[]
  readonly tokens?: string[]
  readonly offsets: number[]
  readonly words: number[]
  readonly decoded: string
  /** `decoded` without special tokens. */
  readonly skipped?: string
  readonly with_special: number[]
}

export interface RecordedWindow {
  readonly input_ids: number[]
  /** null if the tokenizer has none. */
  readonly token_type_ids: number[] | null
  readonly offsets: number[]
}

export interface RecordedPair {
  readonly question: string
  readonly context: string
  readonly error?: string
  readonly windows: RecordedWindow[]
}

/** The encoding of spanforge's tokenizer, with the recorded fields. */
export function readText(tokenizer: Tokenizer, { text, tokens, skipped }: RecordedText): Omit<RecordedText, 'error'> {
  const { ids, offsets, wordIds } = tokenizer.encode(text)
  return {
    text,
    ids: [...ids],
    ...(tokens && { tokens: tokenizer.tokens(ids) }),
    offsets: [...offsets],
    words: [...wordIds],
    decoded: tokenizer.decode(ids),
    ...(skipped !== undefined && { skipped: tokenizer.decode(ids, { skip_special_tokens: true }) }),
    with_special: [...tokenizer.withSpecialTokens(ids)],
  }
}

/** Whether the tokenizer puts a special token before the question, which represents "no answer", and one at the end. */
export const canAnswer = ({ pair, settings }: Tokenizer): boolean =>
  settings.padding_side === 'right' && pair !== undefined && pair.before.ids.length > 0 && pair.after.ids.length > 0

/** The rows of a pair in the format of `tokenizer(question, context)`. */
export function callPair(
  tokenizer: Tokenizer,
  { question, context }: RecordedPair,
  { max_seq_length: max_length, doc_stride: stride }: WindowOptions,
): (RecordedWindow & { readonly sequence_ids: (number | null)[] })[] {
  const called = tokenizer.call(question, context, {
    truncation: 'only_second',
    max_length,
    stride,
    return_overflowing_tokens: true,
    return_offsets_mapping: true,
  })
  return called.input_ids.map((input_ids, row) => {
    const sequence_ids = called.sequence_ids(row)
    return {
      input_ids,
      token_type_ids: called.token_type_ids?.[row] ?? null,
      sequence_ids,
      // Recorded as 0, 0 for tokens that do not come from the text.
      offsets: called.offset_mapping![row].flatMap((offsets, i) => (sequence_ids[i] === null ? [0, 0] : offsets)),
    }
  })
}

/** The windows of a pair for training. */
export function readPair(tokenizer: Tokenizer, pair: RecordedPair, options: WindowOptions): RecordedWindow[] {
  const { question, context } = pair
  const windows = new WindowCutter(tokenizer, options).cut({ id: 'recorded', question, context, answers: [] }, 0)
  return windows.map((window) => ({
    input_ids: [...window.input_ids],
    token_type_ids: tokenizer.settings.has_token_types ? [...tokenTypeIds(window)] : null,
    offsets: [...window.offsets],
  }))
}
