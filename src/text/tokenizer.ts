import { SpanforgeError, UsageError } from '../errors.ts'
import { AddedTokenFinder } from './added-tokens.ts'
import { forEachAsciiWord, forEachStretch } from './ascii.ts'
import { joinTokens, withoutSpacesBeforeMarks } from './decode.ts'
import { type Encoding, EncodingBuilder } from './encoding.ts'
import { BertNormalizer, type Normalized } from './normalize.ts'
import { type BertTokenizerOptions, completeOptions, type TokenizerSettings } from './options.ts'
import { forEachWord } from './pre-tokenize.ts'
import { WordPiece } from './wordpiece.ts'

export interface DecodeOptions {
  readonly skip_special_tokens?: boolean
  /** Default: the tokenizer's own setting. */
  readonly clean_up_tokenization_spaces?: boolean
}

/**
 * BERT's tokenizer (Devlin et al. 2019) with the ids, offsets and word numbers of `BertTokenizerFast` in
 * transformers 4.57. Offsets are UTF-16 indices into the text given.
 */
export class BertTokenizer {
  readonly settings: TokenizerSettings
  readonly unk_token_id: number
  readonly sep_token_id: number
  readonly pad_token_id: number
  readonly cls_token_id: number
  /** Absent from vocabularies made for no masked-word task. */
  readonly mask_token_id: number | undefined
  private readonly ids = new Map<string, number>()
  private readonly tokenOf: string[]
  private readonly special = new Set<number>()
  private readonly normalizer: BertNormalizer
  private readonly wordPiece: WordPiece
  private readonly written: AddedTokenFinder
  private readonly normalizedTokens: AddedTokenFinder
  private readonly builder = new EncodingBuilder()

  constructor(options: BertTokenizerOptions) {
    const settings = completeOptions(options)
    this.settings = settings
    this.tokenOf = [...settings.vocab]
    for (const [id, token] of settings.vocab.entries()) this.ids.set(token, id)
    for (const token of settings.added_tokens) {
      this.tokenOf[token.id] = token.content
      this.ids.set(token.content, token.id)
      if (token.special) this.special.add(token.id)
    }
    this.unk_token_id = this.required('unk_token')
    this.sep_token_id = this.required('sep_token')
    this.pad_token_id = this.required('pad_token')
    this.cls_token_id = this.required('cls_token')
    this.mask_token_id = this.ids.get(settings.mask_token)
    this.normalizer = new BertNormalizer({
      clean_text: settings.clean_text,
      handle_chinese_chars: settings.tokenize_chinese_chars,
      strip_accents: settings.strip_accents,
      lowercase: settings.do_lower_case,
    })
    this.wordPiece = new WordPiece(settings.vocab, this.unk_token_id, settings.max_input_chars_per_word)
    const added = settings.added_tokens
    this.written = new AddedTokenFinder(added.filter((t) => !t.normalized).map((t) => [t.content, t]))
    this.normalizedTokens = new AddedTokenFinder(
      added.filter((t) => t.normalized).map((t) => [this.normalizer.normalize(t.content).text, t]),
    )
  }

  /** Number of tokens in the vocabulary; tokens added beyond it are not counted, as in transformers. */
  get vocab_size(): number {
    return this.settings.vocab.length
  }

  /** Number of ids: a model needs so many embeddings. */
  get size(): number {
    return this.tokenOf.length
  }

  get model_max_length(): number {
    return this.settings.model_max_length
  }

  /** Tokens of a text, without [CLS] and [SEP] around it; special tokens that the text contains are found. */
  encode(text: string): Encoding {
    let from = 0
    for (const { token, start, end } of this.written.find(text)) {
      this.encodePart(text, from, start)
      this.builder.nextWord()
      this.builder.push(token.id, start, end)
      from = end
    }
    this.encodePart(text, from, text.length)
    return this.builder.finish()
  }

  /** The tokens of a text as text: `##` begins one that goes on with the word before. */
  tokenize(text: string): string[] {
    return this.tokens(this.encode(text).ids)
  }

  /** The tokens of ids; an id that is none gives the unknown token. */
  tokens(ids: ArrayLike<number>): string[] {
    return Array.from(ids, (id) => this.tokenOf[id] ?? this.settings.unk_token)
  }

  /** The id of a token, undefined where it is none. */
  id(token: string): number | undefined {
    return this.ids.get(token)
  }

  /**
   * Text of ids, as near as tokens allow; to quote a text, slice it by offsets instead.
   * @throws UsageError for what is no list
   */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    if (typeof ids?.length !== 'number')
      throw new UsageError(`decode: ids is ${ids}, expected a list of token ids`, 'encode(text).ids is one.')
    const { skip_special_tokens = false } = options
    const { clean_up_tokenization_spaces = this.settings.clean_up_tokenization_spaces } = options
    const kept = Array.from(ids).filter((id) => id in this.tokenOf && !(skip_special_tokens && this.special.has(id)))
    const text = joinTokens(this.tokens(kept))
    return clean_up_tokenization_spaces ? withoutSpacesBeforeMarks(text) : text
  }

  private required(name: 'unk_token' | 'sep_token' | 'pad_token' | 'cls_token'): number {
    const token = this.settings[name]
    const id = this.ids.get(token)
    if (id !== undefined) return id
    throw new SpanforgeError(`tokenizer: the vocabulary of ${this.vocab_size} tokens has no ${name} "${token}"`, {
      remedy: `Use the vocabulary that the model was trained with, or name its ${name} in tokenizer_config.json.`,
    })
  }

  /** Stretches of plain ASCII between white space, nearly all of English text, take the short way. */
  private encodePart(text: string, from: number, to: number): void {
    if (!this.normalizedTokens.isEmpty) {
      this.encodeNormalized(this.normalizer.normalize(text, from, to))
      return
    }
    forEachStretch(text, from, to, (start, end, plain) => {
      if (plain) forEachAsciiWord(text, start, end, (first, last) => this.pushAsciiWord(text, first, last))
      else this.encodeNormalized(this.normalizer.normalize(text, start, end))
    })
  }

  private pushAsciiWord(text: string, from: number, to: number): void {
    const word = text.slice(from, to)
    const { ids, ends } = this.wordPiece.pieces(this.settings.do_lower_case ? word.toLowerCase() : word)
    this.builder.nextWord()
    for (let i = 0, start = from; i < ids.length; start = from + ends[i++])
      this.builder.push(ids[i], start, from + ends[i])
  }

  private encodeNormalized(normalized: Normalized): void {
    const { text, starts, ends } = normalized
    let from = 0
    for (const match of this.normalizedTokens.find(text)) {
      this.encodeWords(normalized, from, match.start)
      this.builder.nextWord()
      this.builder.push(match.token.id, starts[match.start], ends[match.end - 1])
      from = match.end
    }
    this.encodeWords(normalized, from, text.length)
  }

  private encodeWords({ text, starts, ends }: Normalized, from: number, to: number): void {
    forEachWord(text, from, to, (start, end) => {
      const pieces = this.wordPiece.pieces(text.slice(start, end))
      this.builder.nextWord()
      for (let i = 0, at = start; i < pieces.ids.length; at = start + pieces.ends[i++])
        this.builder.push(pieces.ids[i], starts[at], ends[start + pieces.ends[i] - 1])
    })
  }
}
