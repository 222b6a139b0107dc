/** Creates tokenizers from SentencePiece's `.model` files, like `convert_slow_tokenizer` in transformers 4.57. */
import { SpanforgeError } from '../../../errors.ts'
import type { Component, Fields } from '../../fields.ts'
import type { BpeModel } from '../../models/bpe.ts'
import type { UnigramModel } from '../../models/unigram.ts'
import { pairTemplate } from '../../settings.ts'
import { completeToken } from '../../special-tokens.ts'
import type { SlowFiles } from '../tokenizer-classes.ts'
import { CONTROL, readSentencePiece, type SentencePieceModel, USER_DEFINED } from './sentencepiece-model.ts'
import type { Base } from './slow-tokenizers.ts'

type Kind = Extract<SlowFiles, { reads: 'sentencepiece' }>['kind']
type ScoredTokens = readonly (readonly [token: string, score: number])[]

/** Creates a class's tokenizer from a `.model` file. `idsOf` looks up ids, including those of special tokens. */
export function fromSentencePiece(
  { name, bytes }: { readonly name: string; readonly bytes: Uint8Array },
  kind: Kind,
  idsOf: (vocabulary: ReadonlyMap<string, number>) => (token: string) => number,
  config: Fields,
): Base {
  const proto = readSentencePiece(bytes, name)
  const { algorithm } = proto
  if (algorithm !== 'Unigram' && algorithm !== 'BPE')
    throw new SpanforgeError(
      `${name} is a SentencePiece model of ${algorithm}; spanforge reads those of Unigram and BPE, as transformers does`,
      { remedy: 'Use a folder with a tokenizer.json.' },
    )
  const vocabulary = CONVERSIONS[kind].vocabulary(proto)
  const vocab = vocabulary.map(([token]) => token)
  const idOf = idsOf(new Map(vocab.map((token, id) => [token, id])))
  const unk_id = CONVERSIONS[kind].unk_id ?? proto.unk_id
  const model = algorithm === 'BPE' ? bpeModel(proto, vocabulary) : unigramModel(vocabulary, unk_id)
  const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true }
  return {
    vocab,
    model,
    normalizer: sequence('normalizers', CONVERSIONS[kind].normalizers(proto, config)),
    pre_tokenizer: kind === 'deberta' ? sequence('pretokenizers', debertaSplits(metaspace, config)) : metaspace,
    post_processor: pairTemplate(CONVERSIONS[kind].pair, (written) => [written, idOf(written)]),
    decoder: metaspace,
    added_tokens: proto.pieces
      .filter(({ type }) => type === CONTROL || type === USER_DEFINED)
      .map(({ piece, type }) => completeToken({ content: piece, normalized: false, special: type === CONTROL })),
  }
}

const unigramModel = (vocabulary: ScoredTokens, unk_id: number): UnigramModel => ({
  type: 'Unigram',
  scores: vocabulary.map(([, score]) => score),
  unk_id,
  byte_fallback: false,
})

const bpeModel = ({ pieces, unk_piece }: SentencePieceModel, vocabulary: ScoredTokens): BpeModel => ({
  type: 'BPE',
  merges: learnedMerges(new Set(pieces.map(({ piece }) => piece)), vocabulary),
  unk_token: unk_piece,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: true,
  byte_fallback: false,
  ignore_merges: false,
})

interface Merge {
  readonly pair: readonly [left: string, right: string]
  readonly score: number
  /** Lengths in code points, which decide between merges of the same score. */
  readonly lengths: readonly [left: number, right: number]
}

/**
 * Derives the merges of a BPE model, which its file does not contain, like transformers 4.57: all merges of two `pieces`
 * into a token of the vocabulary, highest score first.
 */
function learnedMerges(pieces: ReadonlySet<string>, vocabulary: ScoredTokens): (readonly [string, string])[] {
  const merges: Merge[] = []
  for (const [token, score] of new Map(vocabulary)) {
    const length = [...token].length
    let cut = 0
    for (let left = 1; left < length; left++) {
      cut += token.codePointAt(cut)! > 0xffff ? 2 : 1
      const pair = [token.slice(0, cut), token.slice(cut)] as const
      if (pieces.has(pair[0]) && pieces.has(pair[1])) merges.push({ pair, score, lengths: [left, length - left] })
    }
  }
  merges.sort((a, b) => b.score - a.score || b.lengths[0] - a.lengths[0] || b.lengths[1] - a.lengths[1])
  return merges.map(({ pair }) => pair)
}

/** The differences between the classes. */
interface Conversion {
  readonly vocabulary: (proto: SentencePieceModel) => ScoredTokens
  /** Default: the value in the file. */
  readonly unk_id?: number
  readonly normalizers: (proto: SentencePieceModel, config: Fields) => Component[]
  readonly pair: string
}

const BERT_PAIR = '[CLS]:0 A:0 [SEP]:0 B:1 [SEP]:1'
const ROBERTA_PAIR = '<s>:0 A:0 </s>:0 </s>:0 B:0 </s>:0'

const scored = ({ pieces }: SentencePieceModel): ScoredTokens => pieces.map(({ piece, score }) => [piece, score])

/** Tokens that fairseq put before those of SentencePiece. */
const FAIRSEQ: ScoredTokens = ['<s>', '<pad>', '</s>', '<unk>'].map((token) => [token, 0])
const MASK: ScoredTokens = [['<mask>', 0]]

const CONVERSIONS: Readonly<Record<Kind, Conversion>> = {
  albert: { vocabulary: withoutNumbersAndCommas, normalizers: albertNormalizers, pair: BERT_PAIR },
  bigbird: { vocabulary: scored, normalizers: plainNormalizers, pair: BERT_PAIR },
  camembert: {
    vocabulary: (proto) => [
      ['<s>NOTUSED', 0],
      ['<pad>', 0],
      ['</s>NOTUSED', 0],
      ['<unk>', 0],
      ['<unk>NOTUSED', -100],
      ...scored(proto).slice(1),
      ...MASK,
    ],
    unk_id: 3,
    normalizers: plainNormalizers,
    pair: ROBERTA_PAIR,
  },
  deberta: { vocabulary: scored, normalizers: debertaNormalizers, pair: BERT_PAIR },
  rembert: { vocabulary: scored, normalizers: remBertNormalizers, pair: BERT_PAIR },
  'xlm-roberta': {
    vocabulary: (proto) => [...FAIRSEQ, ...scored(proto).slice(3), ...MASK],
    unk_id: 3,
    normalizers: plainNormalizers,
    pair: ROBERTA_PAIR,
  },
}

/** Pieces of a digit and a comma are almost never used. */
function withoutNumbersAndCommas(proto: SentencePieceModel): ScoredTokens {
  return scored(proto).map(([token, score]) => [token, /\p{Nd},$/u.test(token) ? score - 100 : score])
}

const replace = (pattern: { readonly String: string } | { readonly Regex: string }, content: string): Component => ({
  type: 'Replace',
  pattern,
  content,
})

const SPACES = { Regex: ' {2,}' }

const precompiled = ({ charsMap }: SentencePieceModel): Component[] =>
  charsMap.length > 0 ? [{ type: 'Precompiled', precompiled_charsmap: toBase64(charsMap) }] : []

function plainNormalizers(proto: SentencePieceModel): Component[] {
  return [...precompiled(proto), { type: 'Strip', strip_left: false, strip_right: true }, replace(SPACES, '▁')]
}

function debertaNormalizers(proto: SentencePieceModel, config: Fields): Component[] {
  return [
    ...(config.optional('do_lower_case', 'boolean') ? [{ type: 'Lowercase' }] : []),
    { type: 'Strip', strip_left: true, strip_right: true },
    ...precompiled(proto),
    replace(SPACES, ' '),
  ]
}

function albertNormalizers(proto: SentencePieceModel, config: Fields): Component[] {
  const changes = letters(config, { do_lower_case: true, keep_accents: false })
  return [...quotes(), ...changes, ...precompiled(proto), replace(SPACES, ' ')]
}

function remBertNormalizers(proto: SentencePieceModel, config: Fields): Component[] {
  const changes = letters(config, { do_lower_case: false, keep_accents: true })
  return [...quotes(), replace(SPACES, ' '), ...changes, ...precompiled(proto)]
}

const quotes = (): Component[] => [replace({ String: '``' }, '"'), replace({ String: "''" }, '"')]

interface LetterSwitches {
  readonly do_lower_case: boolean
  readonly keep_accents: boolean
}

function letters(config: Fields, missing: LetterSwitches): Component[] {
  const isSet = (name: keyof LetterSwitches): boolean => config.optional(name, 'boolean') ?? missing[name]
  return [
    ...(isSet('keep_accents') ? [] : [{ type: 'NFKD' }, { type: 'StripAccents' }]),
    ...(isSet('do_lower_case') ? [{ type: 'Lowercase' }] : []),
  ]
}

const debertaSplits = (metaspace: Component, config: Fields): Component[] => [
  ...(config.optional('split_by_punct', 'boolean') ? [{ type: 'Punctuation', behavior: 'Isolated' }] : []),
  metaspace,
]

const sequence = (name: string, steps: Component[]): Component => ({ type: 'Sequence', [name]: steps })

/** Encodes bytes as base64, in pieces that fit into the arguments of a call. */
function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return btoa(binary)
}
