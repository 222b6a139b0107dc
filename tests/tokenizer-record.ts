import { tokenTypeIds, WindowCutter, type WindowOptions } from '../src/squad/windows.ts'
import type { BertTokenizer } from '../src/text/index.ts'

/** What transformers makes of a text, with offsets in UTF-16 units, flat. */
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
  /** null where the tokenizer has none. */
  readonly token_type_ids: number[] | null
  readonly offsets: number[]
}

export interface RecordedPair {
  readonly question: string
  readonly context: string
  readonly error?: string
  readonly windows: RecordedWindow[]
}

/** The same of ours, with the fields that were recorded. */
export function readText(
  tokenizer: BertTokenizer,
  { text, tokens, skipped }: RecordedText,
): Omit<RecordedText, 'error'> {
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

export function readPair(tokenizer: BertTokenizer, pair: RecordedPair, options: WindowOptions): RecordedWindow[] {
  const { question, context } = pair
  const windows = new WindowCutter(tokenizer, options).cut({ id: 'recorded', question, context, answers: [] }, 0)
  return windows.map((window) => ({
    input_ids: [...window.input_ids],
    token_type_ids: tokenizer.settings.has_token_types ? [...tokenTypeIds(window)] : null,
    offsets: [...window.offsets],
  }))
}
