import { UsageError } from '../errors.ts'
import { type OptionNames, rejectUnknown } from '../known-options.ts'
import { showValue } from '../show-value.ts'
import type { PostProcessor, TemplatePart } from './components/post-processors.ts'
import type { Encoding } from './encoding.ts'
import type { Side, TokenizerSettings } from './settings.ts'
import { type Truncation, type TruncationStrategy, truncate } from './truncation.ts'

/** The options of a tokenizer's `__call__` in transformers, with their names and defaults. */
export interface CallOptions {
  /** Whether to add special tokens such as [CLS] and [SEP] (default: true). */
  readonly add_special_tokens?: boolean
  /** Padding: true or 'longest' pads to the longest row, 'max_length' to `max_length` (default: false). */
  readonly padding?: boolean | 'longest' | 'max_length' | 'do_not_pad'
  /** Truncation: true means 'longest_first'. If only `max_length` is given, texts are truncated too (default: false). */
  readonly truncation?: boolean | TruncationStrategy | 'do_not_truncate'
  /** Maximum number of tokens per row, including special tokens (default: the tokenizer's `model_max_length`). */
  readonly max_length?: number
  /** Number of tokens shared by consecutive rows of an overflowing text (default: 0). */
  readonly stride?: number
  readonly pad_to_multiple_of?: number
  /** The side to pad on (default: the tokenizer's setting). */
  readonly padding_side?: Side
  /** Whether to return truncated tokens as additional rows (default: false). */
  readonly return_overflowing_tokens?: boolean
  /** Whether to return token types (default: true if the model uses them). */
  readonly return_token_type_ids?: boolean
  /** Whether to return the attention mask (default: true). */
  readonly return_attention_mask?: boolean
  readonly return_special_tokens_mask?: boolean
  readonly return_offsets_mapping?: boolean
  readonly return_length?: boolean
}

const CALL_OPTIONS: OptionNames<CallOptions> = {
  add_special_tokens: true,
  padding: true,
  truncation: true,
  max_length: true,
  stride: true,
  pad_to_multiple_of: true,
  padding_side: true,
  return_overflowing_tokens: true,
  return_token_type_ids: true,
  return_attention_mask: true,
  return_special_tokens_mask: true,
  return_offsets_mapping: true,
  return_length: true,
}

/** UTF-16 start and end of a token in the text that it comes from; [0, 0] for special tokens and padding. */
export type Offsets = readonly [start: number, end: number]

/** A list of rows for a list of texts or with `return_overflowing_tokens`, otherwise a single row. */
export type Rows<IsBatch extends boolean, T> = IsBatch extends true ? T[][] : T[]

/** The fields of an encoded batch. Fields that are neither returned by default nor requested are undefined. */
export interface BatchFields<IsBatch extends boolean> {
  readonly input_ids: Rows<IsBatch, number>
  readonly token_type_ids?: Rows<IsBatch, number>
  /** 1 for tokens, 0 for padding. */
  readonly attention_mask?: Rows<IsBatch, number>
  /** 1 for added special tokens and padding, 0 for other tokens. */
  readonly special_tokens_mask?: Rows<IsBatch, number>
  readonly offset_mapping?: Rows<IsBatch, Offsets>
  /** Number of tokens per row, including padding. */
  readonly length?: number[]
  /** For each row, the index of its text or pair of texts. */
  readonly overflow_to_sample_mapping?: number[]
}

/** An encoded batch, like `BatchEncoding` in transformers. */
export interface BatchEncoding<IsBatch extends boolean = boolean> extends BatchFields<IsBatch> {
  /** Which text of the pair each token of a row comes from: 0, 1, or null for special tokens and padding. */
  sequence_ids(row?: number): (number | null)[]
  /** Which word of its text each token of a row is part of; null for special tokens and padding. */
  word_ids(row?: number): (number | null)[]
}

/** The parts of a tokenizer that a call uses. */
export interface Caller {
  readonly settings: TokenizerSettings
  readonly model_max_length: number
  readonly pad_token_id: number | undefined
  readonly postProcessor: PostProcessor
  encode(text: string): Encoding
}

/** Larger values of `model_max_length` mean that there is no limit. This is LARGE_INTEGER in transformers. */
const NO_LIMIT = 1e20

interface EncodedRow {
  readonly input_ids: number[]
  readonly token_type_ids: number[]
  readonly attention_mask: number[]
  readonly special_tokens_mask: number[]
  readonly offset_mapping: Offsets[]
  readonly sequence_ids: (number | null)[]
  readonly word_ids: (number | null)[]
}

export type Texts = string | readonly string[]

/**
 * Tokenizes texts or pairs of texts, like calling a fast tokenizer of transformers.
 * @throws UsageError for invalid or incompatible texts or options
 */
export function callTokenizer(
  tokenizer: Caller,
  text: Texts,
  text_pair: Texts | null | undefined,
  options: CallOptions = {},
): BatchEncoding {
  rejectUnknown('tokenizer', options, CALL_OPTIONS)
  checkCounts(options)
  const samples = samplesOf(text, text_pair)
  const max_length = options.max_length ?? modelLength(tokenizer)
  const strategy = strategyOf(options, max_length)
  const { return_overflowing_tokens = false } = options
  const rowsOf = samples.map((texts) => {
    const rows = sampleRows(tokenizer, texts, options, strategy && { strategy, max_length })
    return return_overflowing_tokens ? rows : rows.slice(0, 1)
  })
  const padTo = padding(tokenizer, rowsOf, options, max_length)
  const rows = rowsOf.flat().map(padTo)
  const isBatch = typeof text !== 'string' || return_overflowing_tokens
  const mapping = rowsOf.flatMap((rows, sample) => rows.map(() => sample))
  return batchEncoding(tokenizer, rows, isBatch, options, mapping)
}

function checkCounts(options: CallOptions): void {
  for (const name of ['max_length', 'stride', 'pad_to_multiple_of'] as const) {
    const value = options[name]
    const min = name === 'pad_to_multiple_of' ? 1 : 0
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= min))
      throw new UsageError(`${name} is ${showValue(value)}; expected an integer of at least ${min}`)
  }
}

function samplesOf(text: Texts, text_pair: Texts | null | undefined): readonly (readonly string[])[] {
  const first = checkTexts('text', text)
  // As in transformers, an empty second text is no second text, except in lists.
  if (text_pair === undefined || text_pair === null || (text_pair === '' && typeof text === 'string'))
    return first.map((one) => [one])
  const second = checkTexts('text_pair', text_pair)
  if ((typeof text === 'string') !== (typeof text_pair === 'string'))
    throw new UsageError('text and text_pair: found a text and a list; expected two texts, or two lists of one length')
  if (first.length !== second.length)
    throw new UsageError(
      `text_pair has ${second.length} texts, expected ${first.length}, as many as text`,
      'Each text is tokenized with the one at the same place of the other list.',
    )
  return first.map((one, i) => [one, second[i]])
}

function checkTexts(name: string, texts: Texts): readonly string[] {
  const list = typeof texts === 'string' ? [texts] : texts
  const wrong = Array.isArray(list) ? list.find((one) => typeof one !== 'string') : texts
  if (!Array.isArray(list) || wrong !== undefined || list.includes(undefined))
    throw new UsageError(`${name}: found ${showValue(wrong)}, expected a text or a list of texts`)
  return list
}

/** Returns the truncation strategy, or undefined if nothing is truncated. */
function strategyOf(
  { truncation, padding, max_length, pad_to_multiple_of = 1 }: CallOptions,
  limit: number | undefined,
): TruncationStrategy | undefined {
  const onlyLength = truncation === undefined && !padding && max_length !== undefined
  const chosen = onlyLength ? true : oneOf('truncation', truncation ?? false, TRUNCATIONS)
  if (chosen === false || chosen === 'do_not_truncate' || limit === undefined) return undefined
  if (isPadding(padding) && limit % pad_to_multiple_of !== 0)
    throw new UsageError(
      `max_length ${limit} is not a multiple of pad_to_multiple_of ${pad_to_multiple_of}`,
      'Choose a max_length that is, or leave one of the two out.',
    )
  return chosen === true ? 'longest_first' : chosen
}

const TRUNCATIONS = [true, false, 'longest_first', 'only_first', 'only_second', 'do_not_truncate'] as const
const PADDINGS = [true, false, 'longest', 'max_length', 'do_not_pad'] as const

const isPadding = (padding: CallOptions['padding'] = false): boolean =>
  !([false, 'do_not_pad'] as unknown[]).includes(oneOf('padding', padding, PADDINGS))

function oneOf<T>(name: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value
  throw new UsageError(`${name} is ${showValue(value)}; expected one of ${allowed.join(', ')}`)
}

const modelLength = ({ model_max_length }: Caller): number | undefined =>
  model_max_length > NO_LIMIT ? undefined : model_max_length

/** Returns the row of a text or pair, followed by the rows of its overflowing tokens. */
function sampleRows(
  tokenizer: Caller,
  texts: readonly string[],
  { add_special_tokens = true, stride = 0 }: CallOptions,
  limit: { readonly strategy: TruncationStrategy; readonly max_length: number | undefined } | undefined,
): EncodedRow[] {
  const { single, pair } = tokenizer.postProcessor
  const template = (texts.length === 1 ? single : pair).filter((part) => add_special_tokens || 'sequence' in part)
  const encodings = texts.map((text) => tokenizer.encode(text))
  const pieces = limit?.max_length === undefined ? encodings.map((one) => [one]) : truncate(encodings, cutting())
  const parts = template.map((part) => tokensOf(part, pieces, tokenizer.postProcessor))
  return parts.reduce<EncodedRow[][]>(combined, [[]]).map(concatenated)

  function cutting(): Truncation {
    const { strategy, max_length = 0 } = limit!
    const special = template.reduce((n, part) => n + ('ids' in part ? part.ids.length : 0), 0)
    if (max_length < special)
      throw new UsageError(`max_length is ${max_length}; expected at least ${special}, the number of special tokens`)
    return { strategy, room: max_length - special, stride, side: tokenizer.settings.truncation_side }
  }
}

/** Returns the tokens of a part of a template for each piece of its text. */
function tokensOf(
  part: TemplatePart,
  pieces: readonly (readonly Encoding[])[],
  { later_type, losesSequences }: PostProcessor,
): EncodedRow[] {
  if ('ids' in part) return [uniform(part.ids, part.type, 1)]
  const sequence = part.sequence === 'A' ? 0 : 1
  // Some post-processors set the type of a text in the first row only: what overflows has its own.
  const overflowType = later_type === undefined ? part.type : sequence === 0 ? 0 : later_type
  return (pieces[sequence] ?? []).map(({ ids, offsets, wordIds }, piece) => ({
    input_ids: Array.from(ids),
    token_type_ids: Array.from(ids, () => (piece === 0 ? part.type : overflowType)),
    attention_mask: Array.from(ids, () => 1),
    special_tokens_mask: Array.from(ids, () => 0),
    offset_mapping: Array.from(ids, (_, i): Offsets => [offsets[2 * i], offsets[2 * i + 1]]),
    sequence_ids: Array.from(ids, () => (piece > 0 && losesSequences ? null : sequence)),
    word_ids: Array.from(wordIds),
  }))
}

/** Creates a row of special tokens (attention 1) or padding (attention 0). */
const uniform = (ids: readonly number[], type: number, attention: 0 | 1): EncodedRow => ({
  input_ids: [...ids],
  token_type_ids: ids.map(() => type),
  attention_mask: ids.map(() => attention),
  special_tokens_mask: ids.map(() => 1),
  offset_mapping: ids.map(() => [0, 0]),
  sequence_ids: ids.map(() => null),
  word_ids: ids.map(() => null),
})

/** Combines each row with each piece of the next part, in the order of the tokenizers library. */
function combined([first, ...overflow]: readonly EncodedRow[][], pieces: readonly EncodedRow[]): EncodedRow[][] {
  const [kept, ...further] = pieces
  return [
    [...first, kept],
    ...overflow.flatMap((row) => pieces.map((piece) => [...row, piece])),
    ...further.map((piece) => [...first, piece]),
  ]
}

const concatenated = (parts: readonly EncodedRow[]): EncodedRow => ({
  input_ids: parts.flatMap((part) => part.input_ids),
  token_type_ids: parts.flatMap((part) => part.token_type_ids),
  attention_mask: parts.flatMap((part) => part.attention_mask),
  special_tokens_mask: parts.flatMap((part) => part.special_tokens_mask),
  offset_mapping: parts.flatMap((part) => part.offset_mapping),
  sequence_ids: parts.flatMap((part) => part.sequence_ids),
  word_ids: parts.flatMap((part) => part.word_ids),
})

/** Returns a function that pads rows to the length required by the options. */
function padding(
  { settings, pad_token_id }: Caller,
  rowsOf: readonly EncodedRow[][],
  { padding, pad_to_multiple_of = 1, padding_side = settings.padding_side }: CallOptions,
  max_length: number | undefined,
): (row: EncodedRow) => EncodedRow {
  oneOf<Side>('padding_side', padding_side, ['left', 'right'])
  const asIs = (row: EncodedRow) => row
  if (!isPadding(padding)) return asIs
  const longest = rowsOf.reduce((max, [row]) => Math.max(max, row.input_ids.length), 0)
  const wanted = padding === 'max_length' ? max_length : longest
  // As in transformers: 'max_length' does not pad where there is no length.
  if (wanted === undefined) return asIs
  if (pad_token_id === undefined)
    throw new UsageError('padding: the tokenizer has no pad_token', 'Leave padding out, or add a pad_token.')
  const length = Math.ceil(wanted / pad_to_multiple_of) * pad_to_multiple_of
  return (row) => {
    const ids = Array.from({ length: Math.max(0, length - row.input_ids.length) }, () => pad_token_id)
    const added = uniform(ids, 0, 0)
    return padding_side === 'right' ? concatenated([row, added]) : concatenated([added, row])
  }
}

function batchEncoding(
  tokenizer: Caller,
  rows: readonly EncodedRow[],
  isBatch: boolean,
  options: CallOptions,
  mapping: number[],
): BatchEncoding {
  const wanted = {
    input_ids: true,
    token_type_ids: options.return_token_type_ids ?? tokenizer.settings.has_token_types,
    attention_mask: options.return_attention_mask ?? true,
    special_tokens_mask: options.return_special_tokens_mask,
    offset_mapping: options.return_offsets_mapping,
  }
  const fields = Object.entries(wanted).flatMap(([name, isWanted]) => {
    if (!isWanted) return []
    const values = rows.map((row) => row[name as keyof typeof wanted])
    return [[name, isBatch ? values : values[0]]]
  })
  const rowAt = (index: number): EncodedRow => {
    if (rows[index]) return rows[index]
    throw new UsageError(`row is ${showValue(index)}; expected an integer from 0 to ${rows.length - 1}`)
  }
  const encoding = {
    ...(Object.fromEntries(fields) as BatchFields<boolean>),
    ...(options.return_length && { length: rows.map(({ input_ids }) => input_ids.length) }),
    ...(options.return_overflowing_tokens && { overflow_to_sample_mapping: mapping }),
  }
  // Methods, so that neither JSON.stringify nor Object.keys of the encoding shows them.
  return Object.defineProperties(encoding as BatchEncoding, {
    sequence_ids: { value: (row = 0) => [...rowAt(row).sequence_ids] },
    word_ids: { value: (row = 0) => [...rowAt(row).word_ids] },
  })
}
