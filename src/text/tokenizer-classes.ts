import type { SpecialTokenName, StatedToken } from './special-tokens.ts'

/** What a tokenizer class of transformers 4.57 adds to what its files say. */
export interface TokenizerClass {
  readonly name: string
  /** Tokens that it uses where the files name no others. */
  readonly special: Partial<Record<SpecialTokenName, string | StatedToken>>
  readonly additional: readonly string[]
  /** Switches of a BertNormalizer that it sets itself, from tokenizer_config.json or to its defaults. */
  readonly sets: readonly ('lowercase' | 'strip_accents' | 'handle_chinese_chars')[]
  /** Whether it returns token_type_ids. */
  readonly hasTokenTypes: boolean
  /** Pairs as it makes them from vocab.txt, in the notation of tokenizers: `[CLS]:0 A:0 [SEP]:0 B:1 [SEP]:1`. */
  readonly pair: string
  /** Whether it can make a tokenizer from vocab.txt. */
  readonly readsVocabulary: boolean
  /** Whether `decode` of a tokenizer made from vocab.txt cleans up spaces by default. */
  readonly cleansUp: boolean
}

const BERT: Omit<TokenizerClass, 'name'> = {
  special: {
    unk_token: '[UNK]',
    sep_token: '[SEP]',
    pad_token: '[PAD]',
    cls_token: '[CLS]',
    mask_token: '[MASK]',
  },
  additional: [],
  sets: ['lowercase', 'strip_accents', 'handle_chinese_chars'],
  hasTokenTypes: true,
  pair: 'cls:0 A:0 sep:0 B:1 sep:1',
  readsVocabulary: true,
  cleansUp: true,
}

const WITHOUT_TYPES = { ...BERT, hasTokenTypes: false }

/** Classes for other kinds of vocabularies, which read a WordPiece tokenizer.json as well. */
const OF_TOKENIZER_JSON = { ...BERT, sets: [], readsVocabulary: false }

const TABLE: Readonly<Record<string, Omit<TokenizerClass, 'name'>>> = {
  BertTokenizer: BERT,
  ConvBertTokenizer: BERT,
  AlbertTokenizer: {
    ...OF_TOKENIZER_JSON,
    special: {
      bos_token: '[CLS]',
      eos_token: '[SEP]',
      unk_token: '<unk>',
      sep_token: '[SEP]',
      pad_token: '<pad>',
      cls_token: '[CLS]',
      mask_token: { content: '[MASK]', lstrip: true, normalized: false },
    },
  },
  RobertaTokenizer: {
    ...OF_TOKENIZER_JSON,
    special: {
      bos_token: '<s>',
      eos_token: '</s>',
      unk_token: '<unk>',
      sep_token: '</s>',
      pad_token: '<pad>',
      cls_token: '<s>',
      mask_token: { content: '<mask>', lstrip: true, normalized: false },
    },
    hasTokenTypes: false,
  },
  DPRContextEncoderTokenizer: BERT,
  DPRQuestionEncoderTokenizer: BERT,
  DPRReaderTokenizer: WITHOUT_TYPES,
  DistilBertTokenizer: WITHOUT_TYPES,
  ElectraTokenizer: BERT,
  LayoutLMTokenizer: BERT,
  LxmertTokenizer: BERT,
  MobileBertTokenizer: BERT,
  RealmTokenizer: { ...BERT, cleansUp: false },
  RetriBertTokenizer: { ...WITHOUT_TYPES, cleansUp: false },
  SqueezeBertTokenizer: BERT,
  FunnelTokenizer: {
    ...BERT,
    special: {
      bos_token: '<s>',
      eos_token: '</s>',
      unk_token: '<unk>',
      sep_token: '<sep>',
      pad_token: '<pad>',
      cls_token: '<cls>',
      mask_token: '<mask>',
    },
    pair: 'cls:2 A:0 sep:0 B:1 sep:1',
  },
  MPNetTokenizer: {
    ...WITHOUT_TYPES,
    special: {
      bos_token: { content: '<s>' },
      eos_token: { content: '</s>' },
      unk_token: { content: '[UNK]' },
      sep_token: { content: '</s>' },
      pad_token: { content: '<pad>' },
      cls_token: { content: '<s>' },
      mask_token: { content: '<mask>', lstrip: true },
    },
    sets: ['lowercase', 'strip_accents'],
    pair: 'cls:0 A:0 sep:0 sep:0 B:1 sep:1',
  },
  SplinterTokenizer: {
    ...BERT,
    additional: ['[QUESTION]'],
    sets: ['lowercase', 'strip_accents'],
    pair: 'cls:0 A:0 [QUESTION]:0 .:0 sep:0 B:1 sep:1',
    cleansUp: false,
  },
}

/** A class that adds nothing: tokenizer.json says everything. */
export const GENERIC_CLASS: TokenizerClass = {
  ...BERT,
  name: 'PreTrainedTokenizerFast',
  special: {},
  sets: [],
  readsVocabulary: false,
}

/** Classes that cut texts with code of their own, which no file describes, and how they do it. */
const OWN_CODE: Readonly<Record<string, string>> = {
  BertJapaneseTokenizer: 'cuts words with MeCab, Sudachi or Juman++',
  BertweetTokenizer: 'normalizes tweets and merges pairs from bpe.codes',
  CanineTokenizer: 'takes characters as tokens',
  CpmAntTokenizer: 'cuts words with Jieba',
  EsmTokenizer: 'cuts protein sequences into residues',
  LayoutLMv2Tokenizer: 'reads words with their boxes',
  PhobertTokenizer: 'merges pairs from bpe.codes',
  ProphetNetTokenizer: 'reads prophetnet.tokenizer',
  RoCBertTokenizer: 'reads shapes and sounds of characters',
  RoFormerTokenizer: 'cuts words with Jieba',
  TapasTokenizer: 'reads tables',
}

/** Classes that transformers uses for a `model_type` where no class is named. */
const OF_MODEL_TYPE: Readonly<Record<string, string>> = {
  albert: 'AlbertTokenizer',
  align: 'BertTokenizer',
  bark: 'BertTokenizer',
  bert: 'BertTokenizer',
  'bert-japanese': 'BertJapaneseTokenizer',
  bertweet: 'BertweetTokenizer',
  blip: 'BertTokenizer',
  bridgetower: 'RobertaTokenizer',
  bros: 'BertTokenizer',
  canine: 'CanineTokenizer',
  chinese_clip: 'BertTokenizer',
  clap: 'RobertaTokenizer',
  convbert: 'ConvBertTokenizer',
  cpmant: 'CpmAntTokenizer',
  'data2vec-text': 'RobertaTokenizer',
  distilbert: 'DistilBertTokenizer',
  dpr: 'DPRQuestionEncoderTokenizer',
  electra: 'ElectraTokenizer',
  ernie: 'BertTokenizer',
  esm: 'EsmTokenizer',
  funnel: 'FunnelTokenizer',
  git: 'BertTokenizer',
  'grounding-dino': 'BertTokenizer',
  ibert: 'RobertaTokenizer',
  layoutlm: 'LayoutLMTokenizer',
  layoutlmv2: 'LayoutLMv2Tokenizer',
  lxmert: 'LxmertTokenizer',
  mega: 'RobertaTokenizer',
  'megatron-bert': 'BertTokenizer',
  'mm-grounding-dino': 'BertTokenizer',
  mobilebert: 'MobileBertTokenizer',
  mpnet: 'MPNetTokenizer',
  mra: 'RobertaTokenizer',
  nezha: 'BertTokenizer',
  nystromformer: 'AlbertTokenizer',
  phobert: 'PhobertTokenizer',
  prophetnet: 'ProphetNetTokenizer',
  qdqbert: 'BertTokenizer',
  realm: 'RealmTokenizer',
  retribert: 'RetriBertTokenizer',
  roberta: 'RobertaTokenizer',
  'roberta-prelayernorm': 'RobertaTokenizer',
  roc_bert: 'RoCBertTokenizer',
  roformer: 'RoFormerTokenizer',
  splinter: 'SplinterTokenizer',
  squeezebert: 'SqueezeBertTokenizer',
  tapas: 'TapasTokenizer',
  tvp: 'BertTokenizer',
  vilt: 'BertTokenizer',
  visual_bert: 'BertTokenizer',
  yoso: 'AlbertTokenizer',
}

/** The class of this name, with or without `Fast` at its end; the generic one where transformers has none such. */
export function tokenizerClass(name: string): TokenizerClass {
  const slow = withoutFast(name)
  return Object.hasOwn(TABLE, slow) ? { name: slow, ...TABLE[slow] } : GENERIC_CLASS
}

/** How a class cuts texts with code of its own, undefined where its files say it. */
export function ownCodeOf(name: string): string | undefined {
  const slow = withoutFast(name)
  return Object.hasOwn(OWN_CODE, slow) ? OWN_CODE[slow] : undefined
}

export const classOfModelType = (model_type: string): string | undefined =>
  Object.hasOwn(OF_MODEL_TYPE, model_type) ? OF_MODEL_TYPE[model_type] : undefined

/** Names that say no more than that the files describe the tokenizer. */
export const isGenericName = (name: string): boolean => /^(PreTrainedTokenizer(Fast)?|TokenizersBackend)$/.test(name)

const withoutFast = (name: string): string => name.replace(/Fast$/, '')
