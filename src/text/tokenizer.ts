import { UsageError } from '../errors.ts'
import type { AddedToken, AddedTokenFinder } from './added-tokens.ts'
import { AddedVocabulary } from './added-vocabulary.ts'
import { type BatchEncoding, type CallOptions, callTokenizer, type Texts } from './batch-encoding.ts'
import { type AlignedText, alignedSlice } from './characters/aligned-text.ts'
import { forEachAsciiWord, forEachStretch } from './characters/ascii.ts'
import type { Piece, PreTokenize } from './characters/splitting.ts'
import { createDecoder, type Decode, withoutSpacesBeforeMarks } from './components/decoders.ts'
import { createNormalizer, type Normalize, normalizedText } from './components/normalizers.ts'
import {
  createPostProcessor,
  type PairLayout,
  type PostProcessor,
  pairLayout,
  type TemplatePart,
} from './components/post-processors.ts'
import { createPreTokenizer, isWordEdge } from './components/pre-tokenizers.ts'
import { OffsetTrimmer } from './components/trimmed-offsets.ts'
import { type Encoding, EncodingBuilder } from './encoding.ts'
import { Bpe } from './models/bpe.ts'
import { ByteLevelModel, CachedModel, type Model } from './models/pieces.ts'
import { Unigram } from './models/unigram.ts'
import { WordLevel } from './models/word-level.ts'
import { WordPiece } from './models/wordpiece.ts'
import {
  type BertTokenizerOptions,
  bertSettings,
  type ModelSettings,
  specialTokens,
  type TokenizerSettings,
  vocabularyIds,
  vocabularySize,
} from './settings.ts'
import type { SpecialTokenName } from './special-tokens.ts'

/** Number of characters per step of `encodeSteps`, which takes a few milliseconds. */
const STEP = 16_384

export interface DecodeOptions {
  readonly skip_special_tokens?: boolean
  /** Default: the tokenizer's own setting. */
  readonly clean_up_tokenization_spaces?: boolean
}

/** Options under which each text is encoded as one row. */
export type OneRow = CallOptions & { readonly return_overflowing_tokens?: false }
export type WithOverflow = CallOptions & { readonly return_overflowing_tokens: true }

/** The tokens of the part of a text that has been encoded so far. */
interface Draft {
  readonly builder: EncodingBuilder
  /** The spelling in the text of each added token that was found, by the token's index in the encoding. */
  readonly found: Map<number, string>
}

/**
 * A tokenizer built from the components in tokenizer.json. It returns the same ids, offsets and word indices as
 * transformers 4.57. Offsets are UTF-16 indices into the original text. If several tokens encode bytes of the same
 * character, each has the offsets of the whole character.
 */
export class Tokenizer {
  readonly unk_token_id: number | undefined
  readonly sep_token_id: number | undefined
  readonly pad_token_id: number | undefined
  readonly cls_token_id: number | undefined
  readonly mask_token_id: number | undefined
  /** Number of tokens in the vocabulary, excluding tokens added to it, as in transformers. */
  readonly vocab_size: number
  /** Number of tokens including added tokens, like `len(tokenizer)` in transformers. */
  readonly length: number
  /** Highest id plus 1, which is the number of embeddings that a model requires. */
  readonly size: number
  /** The layout of a question and a context in one input. Undefined unless the question comes first and occurs once. */
  readonly pair: PairLayout | undefined
  /** The special tokens added to a single text and to a pair of texts. */
  readonly postProcessor: PostProcessor
  private readonly added: AddedVocabulary
  private readonly normalize: Normalize
  private readonly preTokenize: PreTokenize
  private readonly model: Model
  private readonly joinTokens: Decode
  private readonly written: AddedTokenFinder
  private readonly normalizedTokens: AddedTokenFinder
  private readonly trimmer: OffsetTrimmer | undefined
  /** Whether the fast path for ASCII text applies, which implements BERT's normalizer and pre-tokenizer. */
  private readonly hasShortWay: boolean
  private readonly lowercase: boolean
  private readonly builder = new EncodingBuilder()
  /** Whether a character always separates words, by code point. */
  private readonly edges = new Map<number, boolean>()

  /** @throws SpanforgeError for a component that is not supported, or a vocabulary that lacks a required token */
  constructor(readonly settings: TokenizerSettings) {
    const ids = vocabularyIds(settings.vocab)
    this.vocab_size = vocabularySize(settings)
    this.added = new AddedVocabulary(ids, this.vocab_size)
    for (const batch of settings.added_tokens) this.added.add(batch)
    const highest = settings.vocab.findLastIndex((token) => token !== null)
    this.length = ids.size + [...this.added.contents].filter((content) => !ids.has(content)).length
    this.size = 1 + Math.max(highest, ...this.added.tokens.slice(-1).map(({ id }) => id))
    this.unk_token_id = this.idOf('unk_token')
    this.sep_token_id = this.idOf('sep_token')
    this.pad_token_id = this.idOf('pad_token')
    this.cls_token_id = this.idOf('cls_token')
    this.mask_token_id = this.idOf('mask_token')
    const { normalizer, added_tokens_normalizer = normalizer, pre_tokenizer } = settings
    this.normalize = createNormalizer(normalizer, 'tokenizer.json: normalizer')
    const { split, isByteLevel } = createPreTokenizer(pre_tokenizer, 'tokenizer.json: pre_tokenizer')
    this.preTokenize = split
    const model = createModel(settings.model, ids)
    this.model = new CachedModel(isByteLevel ? new ByteLevelModel(model) : model)
    this.postProcessor = createPostProcessor(settings.post_processor, 'tokenizer.json: post_processor')
    const { trim_offsets } = this.postProcessor
    this.trimmer = trim_offsets && new OffsetTrimmer(settings.vocab, trim_offsets)
    this.pair = pairLayout(this.postProcessor)
    this.joinTokens = createDecoder(settings.decoder, 'tokenizer.json: decoder')
    this.written = this.added.finder(false, (content) => content)
    const normalizeToken = createNormalizer(added_tokens_normalizer, 'tokenizer.json: normalizer')
    this.normalizedTokens = this.added.finder(true, (content) => normalizedText(normalizeToken, content))
    this.hasShortWay =
      normalizer?.type === 'BertNormalizer' &&
      pre_tokenizer?.type === 'BertPreTokenizer' &&
      this.normalizedTokens.isEmpty
    this.lowercase = normalizer?.lowercase === true
  }

  get model_max_length(): number {
    return this.settings.model_max_length
  }

  /** The added tokens with their ids, sorted by id. */
  get addedTokens(): AddedToken[] {
    return this.added.tokens
  }

  /** The highest token type in a window. */
  get highestTokenType(): number {
    const { pair, later_type = 0 } = this.postProcessor
    return this.settings.has_token_types ? Math.max(later_type, ...pair.map(({ type }) => type)) : 0
  }

  /** Returns a copy without the special tokens whose ids are `size` or higher, except those that windows require. */
  withoutSpecialTokensFrom(size: number): Tokenizer {
    const { added_tokens, special_tokens } = this.settings
    const needed = new Set(this.postProcessor.pair.flatMap((part) => ('ids' in part ? part.ids : [])))
    const named = Object.entries(special_tokens)
    const isDropped = (id: number | undefined): boolean => id !== undefined && id >= size && !needed.has(id)
    const dropped = new Set(named.map(([, token]) => this.id(token ?? '')).filter(isDropped))
    return new Tokenizer({
      ...this.settings,
      added_tokens: added_tokens.map((batch) => batch.filter(({ content }) => !dropped.has(this.id(content)))),
      special_tokens: specialTokens(
        Object.fromEntries(named.filter(([, token]) => !dropped.has(this.id(token ?? '')))),
      ),
    })
  }

  /** Encodes a text without adding special tokens. Special tokens in the text itself are recognized. */
  encode(text: string): Encoding {
    this.builder.clear()
    const steps = this.steps({ builder: this.builder, found: new Map() }, text, Infinity)
    for (;;) {
      const { done, value } = steps.next()
      if (done) return value
    }
  }

  /**
   * Tokenizes a text, a pair of texts, or a list of either, like `tokenizer(text, text_pair, ...)` in transformers, with
   * the same options and results. Offsets count UTF-16 units.
   * @throws UsageError for invalid or incompatible texts or options
   */
  call(text: string, text_pair?: string | null, options?: OneRow): BatchEncoding<false>
  call(text: string, text_pair: string | null | undefined, options: WithOverflow): BatchEncoding<true>
  call(texts: readonly string[], text_pairs?: readonly string[] | null, options?: CallOptions): BatchEncoding<true>
  call(text: Texts, text_pair?: Texts | null, options?: CallOptions): BatchEncoding
  call(text: Texts, text_pair?: Texts | null, options?: CallOptions): BatchEncoding {
    return callTokenizer(this, text, text_pair, options)
  }

  /** Like `encode`, but yields after about `characters` characters, so that a long text does not block the thread. */
  encodeSteps(text: string, characters = STEP): Generator<void, Encoding> {
    return this.steps({ builder: new EncodingBuilder(), found: new Map() }, text, characters)
  }

  /** Adds the special tokens of a single text, such as [CLS] and [SEP], to its ids. */
  withSpecialTokens(ids: ArrayLike<number>): Int32Array {
    const parts = this.postProcessor.single.map((part: TemplatePart) => ('ids' in part ? part.ids : Array.from(ids)))
    return Int32Array.from(parts.flat())
  }

  /** Splits a text into tokens, as strings. With WordPiece, a token that continues a word starts with `##`. */
  tokenize(text: string): string[] {
    return this.tokens(this.encode(text).ids)
  }

  /** Converts ids to tokens. An unknown id becomes the unknown token. */
  tokens(ids: ArrayLike<number>): string[] {
    return Array.from(ids, (id) => this.tokenOf(id) ?? this.settings.special_tokens.unk_token ?? '')
  }

  /** Returns the id of a token, or undefined if it is not in the vocabulary. */
  id(token: string): number | undefined {
    return this.added.id(token)
  }

  /**
   * Converts ids to text. The result may differ from the original text; to quote the original, slice it by offsets.
   * @throws UsageError if `ids` is not a list
   */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    if (typeof ids?.length !== 'number')
      throw new UsageError(
        `decode: ids is ${ids}, expected a list of token ids`,
        'For example: decode(encode(text).ids).',
      )
    const { skip_special_tokens = false } = options
    const { clean_up_tokenization_spaces = this.settings.clean_up_tokenization_spaces } = options
    const kept = Array.from(ids).filter(
      (id) => this.tokenOf(id) !== undefined && !(skip_special_tokens && this.added.isSpecial(id)),
    )
    const text = this.joinTokens(this.tokens(kept))
    return clean_up_tokenization_spaces ? withoutSpacesBeforeMarks(text) : text
  }

  private tokenOf(id: number): string | undefined {
    return this.added.get(id)?.content ?? this.settings.vocab[id] ?? undefined
  }

  private idOf(name: SpecialTokenName): number | undefined {
    const token = this.settings.special_tokens[name]
    return token === undefined ? undefined : this.added.id(token)
  }

  private readonly isIgnored = ({ id }: { readonly id: number }): boolean =>
    this.settings.split_special_tokens && this.added.isSpecial(id)

  private *steps(draft: Draft, text: string, characters: number): Generator<void, Encoding> {
    let from = 0
    let paused = 0
    for (const { token, start, end } of this.written.find(text, this.isIgnored)) {
      yield* this.partSteps(draft, text, from, start, characters)
      pushAdded(draft, token.id, text.slice(start, end), start, end)
      from = end
      if (end - paused < characters) continue
      yield
      paused = end
    }
    yield* this.partSteps(draft, text, from, text.length, characters)
    const encoding = draft.builder.finish()
    return this.trimmer?.trim(encoding, draft.found, text) ?? encoding
  }

  private *partSteps(draft: Draft, text: string, from: number, to: number, characters: number): Generator<void> {
    // Only BERT's own normalizer and pre-tokenizer are known to treat what lies between two edges separately.
    if (!this.hasShortWay)
      return yield* this.normalizedSteps(draft, this.normalize(alignedSlice(text, from, to)), characters)
    for (let start = from; start < to; ) {
      const end = to - start <= characters ? to : this.nextEdge(text, start + characters, to)
      this.encodePart(draft, text, start, end)
      if (end < to) yield
      start = end
    }
  }

  /** Returns the first position from `from` at which no word continues. */
  private nextEdge(text: string, from: number, to: number): number {
    for (let i = from; i < to; i++) {
      const codePoint = text.codePointAt(i)!
      let isEdge = this.edges.get(codePoint)
      if (isEdge === undefined) {
        const normalized = normalizedText(this.normalize, String.fromCodePoint(codePoint))
        isEdge = normalized !== '' && isWordEdge(normalized.codePointAt(0)!)
        this.edges.set(codePoint, isEdge)
      }
      if (isEdge) return i
    }
    return to
  }

  /** Uses the fast path for stretches of plain ASCII between whitespace, which are almost all of an English text. */
  private encodePart(draft: Draft, text: string, from: number, to: number): void {
    forEachStretch(text, from, to, (start, end, plain) => {
      if (plain) forEachAsciiWord(text, start, end, (first, last) => this.pushAsciiWord(draft, text, first, last))
      else this.encodeNormalized(draft, this.normalize(alignedSlice(text, start, end)))
    })
  }

  private pushAsciiWord({ builder }: Draft, text: string, from: number, to: number): void {
    const word = text.slice(from, to)
    const { ids, starts, ends } = this.model.pieces(this.lowercase ? word.toLowerCase() : word)
    builder.nextWord()
    for (let i = 0; i < ids.length; i++) builder.push(ids[i], from + starts[i], from + ends[i])
  }

  private encodeNormalized(draft: Draft, normalized: AlignedText): void {
    this.normalizedSteps(draft, normalized, Infinity).next()
  }

  private *normalizedSteps(draft: Draft, normalized: AlignedText, characters: number): Generator<void> {
    const { text, starts, ends } = normalized
    let from = 0
    for (const match of this.normalizedTokens.find(text, this.isIgnored)) {
      yield* this.wordSteps(draft, normalized, from, match.start, characters)
      const matched = text.slice(match.start, match.end)
      pushAdded(draft, match.token.id, matched, starts[match.start], ends[match.end - 1])
      from = match.end
    }
    yield* this.wordSteps(draft, normalized, from, text.length, characters)
  }

  private *wordSteps(
    { builder }: Draft,
    source: AlignedText,
    start: number,
    end: number,
    characters: number,
  ): Generator<void> {
    if (start >= end) return
    let done = 0
    for (const word of this.preTokenize({ source, start, end })) {
      this.pushWord(builder, word)
      done += word.end - word.start
      if (done < characters) continue
      done = 0
      yield
    }
  }

  private pushWord(builder: EncodingBuilder, { source, start, end }: Piece): void {
    const { ids, starts, ends } = this.model.pieces(source.text.slice(start, end))
    builder.nextWord()
    for (let i = 0; i < ids.length; i++)
      builder.push(ids[i], source.starts[start + starts[i]], source.ends[start + ends[i] - 1])
  }
}

function pushAdded({ builder, found }: Draft, id: number, matched: string, start: number, end: number): void {
  builder.nextWord()
  found.set(builder.length, matched)
  builder.push(id, start, end)
}

/** Creates a model from its settings and its vocabulary, which maps tokens to ids. */
function createModel(settings: ModelSettings, vocabulary: ReadonlyMap<string, number>): Model {
  switch (settings.type) {
    case 'WordPiece':
      return new WordPiece(vocabulary, settings)
    case 'BPE':
      return new Bpe(vocabulary, settings)
    case 'Unigram':
      return new Unigram(vocabulary, settings)
    case 'WordLevel':
      return new WordLevel(vocabulary, settings)
  }
}

/**
 * BERT's tokenizer (Devlin et al. 2019), created from a list of tokens; or any other tokenizer, created from its
 * settings.
 */
export class BertTokenizer extends Tokenizer {
  /** @throws SpanforgeError for a component that is not supported, or a vocabulary that lacks a required token */
  constructor(options: BertTokenizerOptions | TokenizerSettings) {
    super('model' in options ? options : bertSettings(options))
  }
}
