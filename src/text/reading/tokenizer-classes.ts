import type { Side } from '../settings.ts'
import type { SpecialTokenName, StatedToken } from '../special-tokens.ts'

/** The behavior of a tokenizer class of transformers 4.57 that is not specified in its files. */
export interface TokenizerClass {
  readonly name: string
  /** Special tokens that the class uses if the files name no others. */
  readonly special: SpecialDefaults
  /** The special tokens that differ if there is no tokenizer.json. */
  readonly specialOfSlow?: SpecialDefaults
  readonly additional: readonly string[]
  /** Options of a BertNormalizer that the class sets from tokenizer_config.json or to its defaults. */
  readonly sets: readonly ('lowercase' | 'strip_accents' | 'handle_chinese_chars')[]
  /** Whether the class sets `add_prefix_space` and `trim_offsets` of the post-processor in the same way. */
  readonly setsTrimming?: boolean
  /** Whether the class returns token_type_ids. */
  readonly hasTokenTypes: boolean
  /** The side of padding (default: right). */
  readonly paddingSide?: Side
  /** How the class creates a tokenizer from the files of a slow one, if it can. */
  readonly slow: SlowFiles | undefined
}

type SpecialDefaults = Partial<Record<SpecialTokenName, string | StatedToken>>

/** How a class creates a tokenizer without tokenizer.json. */
export type SlowFiles =
  | {
      readonly reads: 'vocab.txt'
      /** Pairs in the notation of tokenizers: `[CLS]:0 A:0 [SEP]:0 B:1 [SEP]:1`. */
      readonly pair: string
      /** Whether `decode` cleans up spaces by default. */
      readonly cleansUp: boolean
    }
  | {
      readonly reads: 'merges.txt'
      readonly kind: 'roberta' | 'gpt2' | 'deberta'
    }
  | {
      readonly reads: 'sentencepiece'
      /** Name of the file. */
      readonly file: SentencePieceFile
      readonly kind: 'albert' | 'bigbird' | 'camembert' | 'deberta' | 'rembert' | 'xlm-roberta'
    }

/** Names of SentencePiece's files in model folders. */
export const SENTENCE_PIECE_FILES = [
  'spiece.model',
  'spm.model',
  'sentencepiece.model',
  'sentencepiece.bpe.model',
] as const
export type SentencePieceFile = (typeof SENTENCE_PIECE_FILES)[number]

/** How BERT's class creates a tokenizer from vocab.txt. */
export const WORDPIECE = { reads: 'vocab.txt', pair: 'cls:0 A:0 sep:0 B:1 sep:1', cleansUp: true } as const

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
  slow: WORDPIECE,
}

const WITHOUT_TYPES = { ...BERT, hasTokenTypes: false }

/** Classes that set no options and read only tokenizer.json. */
const OF_TOKENIZER_JSON = { ...BERT, special: {}, sets: [], slow: undefined }

/** Slow classes match these tokens in normalized text. */
const normalized = (tokens: Partial<Record<SpecialTokenName, string>>): SpecialDefaults =>
  Object.fromEntries(Object.entries(tokens).map(([name, content]) => [name, { content, normalized: true }]))

const ROBERTA_NAMES = {
  bos_token: '<s>',
  eos_token: '</s>',
  unk_token: '<unk>',
  sep_token: '</s>',
  pad_token: '<pad>',
  cls_token: '<s>',
}

const ROBERTA: Omit<TokenizerClass, 'name'> = {
  specialOfSlow: normalized(ROBERTA_NAMES),
  special: {
    ...ROBERTA_NAMES,
    mask_token: { content: '<mask>', lstrip: true, normalized: false },
  },
  additional: [],
  sets: [],
  setsTrimming: true,
  hasTokenTypes: false,
  slow: { reads: 'merges.txt', kind: 'roberta' },
}

const BART = { ...ROBERTA, special: { ...ROBERTA.special, mask_token: maskOf('<mask>', { normalized: true }) } }

const XLM_ROBERTA: Omit<TokenizerClass, 'name'> = {
  ...ROBERTA,
  special: { ...ROBERTA.special, mask_token: maskOf('<mask>') },
  specialOfSlow: {},
  setsTrimming: false,
  slow: { reads: 'sentencepiece', file: 'sentencepiece.bpe.model', kind: 'xlm-roberta' },
}

const T5: Omit<TokenizerClass, 'name'> = {
  ...OF_TOKENIZER_JSON,
  special: { eos_token: '</s>', unk_token: '<unk>', pad_token: '<pad>' },
  additional: Array.from({ length: 100 }, (_, i) => `<extra_id_${i}>`),
  hasTokenTypes: false,
}

const END_OF_TEXT = '<|endoftext|>'
const GPT2: Omit<TokenizerClass, 'name'> = {
  ...OF_TOKENIZER_JSON,
  special: { bos_token: END_OF_TEXT, eos_token: END_OF_TEXT, unk_token: END_OF_TEXT },
  specialOfSlow: normalized({ bos_token: END_OF_TEXT, eos_token: END_OF_TEXT, unk_token: END_OF_TEXT }),
  hasTokenTypes: false,
  slow: { reads: 'merges.txt', kind: 'gpt2' },
}

function maskOf(content: string, flags: Partial<StatedToken> = {}): StatedToken {
  return { content, lstrip: true, ...flags }
}

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
      mask_token: maskOf('[MASK]', { normalized: false }),
    },
    slow: { reads: 'sentencepiece', file: 'spiece.model', kind: 'albert' },
  },
  BarthezTokenizer: { ...XLM_ROBERTA, slow: undefined },
  BigBirdTokenizer: {
    ...OF_TOKENIZER_JSON,
    special: {
      bos_token: { content: '<s>' },
      eos_token: { content: '</s>' },
      unk_token: { content: '<unk>' },
      sep_token: { content: '[SEP]' },
      pad_token: { content: '<pad>' },
      cls_token: { content: '[CLS]' },
      mask_token: maskOf('[MASK]'),
    },
    specialOfSlow: {
      ...normalized({ ...ROBERTA_NAMES, sep_token: '[SEP]', cls_token: '[CLS]' }),
      mask_token: maskOf('[MASK]', { normalized: true }),
    },
    hasTokenTypes: false,
    slow: { reads: 'sentencepiece', file: 'spiece.model', kind: 'bigbird' },
  },
  CamembertTokenizer: {
    ...XLM_ROBERTA,
    additional: ['<s>NOTUSED', '</s>NOTUSED', '<unk>NOTUSED'],
    slow: { reads: 'sentencepiece', file: 'sentencepiece.bpe.model', kind: 'camembert' },
  },
  DebertaV2Tokenizer: {
    ...OF_TOKENIZER_JSON,
    special: { ...BERT.special, bos_token: '[CLS]', eos_token: '[SEP]' },
    specialOfSlow: { unk_token: { content: '[UNK]', normalized: true } },
    slow: { reads: 'sentencepiece', file: 'spm.model', kind: 'deberta' },
  },
  FNetTokenizer: {
    ...OF_TOKENIZER_JSON,
    special: {
      unk_token: '<unk>',
      sep_token: { content: '[SEP]' },
      pad_token: '<pad>',
      cls_token: { content: '[CLS]' },
      mask_token: maskOf('[MASK]'),
    },
  },
  RemBertTokenizer: {
    ...OF_TOKENIZER_JSON,
    special: {
      bos_token: '[CLS]',
      eos_token: '[SEP]',
      unk_token: '<unk>',
      sep_token: '[SEP]',
      pad_token: '[PAD]',
      cls_token: '[CLS]',
      mask_token: maskOf('[MASK]'),
    },
    specialOfSlow: { unk_token: '[UNK]', mask_token: maskOf('[MASK]', { normalized: true }) },
    slow: { reads: 'sentencepiece', file: 'sentencepiece.model', kind: 'rembert' },
  },
  T5Tokenizer: T5,
  MT5Tokenizer: T5,
  XLMRobertaTokenizer: XLM_ROBERTA,
  BartTokenizer: BART,
  LEDTokenizer: BART,
  LongformerTokenizer: ROBERTA,
  MvpTokenizer: { ...ROBERTA, special: { ...ROBERTA.special, mask_token: maskOf('<mask>') }, specialOfSlow: {} },
  RobertaTokenizer: ROBERTA,
  BlenderbotTokenizer: { ...ROBERTA, slow: undefined },
  CodeGenTokenizer: GPT2,
  DebertaTokenizer: {
    ...OF_TOKENIZER_JSON,
    special: { ...BERT.special, bos_token: '[CLS]', eos_token: '[SEP]' },
    specialOfSlow: { mask_token: maskOf('[MASK]', { normalized: true }) },
    slow: { reads: 'merges.txt', kind: 'deberta' },
  },
  GPT2Tokenizer: GPT2,
  HerbertTokenizer: {
    ...OF_TOKENIZER_JSON,
    special: { unk_token: '<unk>', sep_token: '</s>', pad_token: '<pad>', cls_token: '<s>', mask_token: '<mask>' },
  },
  OpenAIGPTTokenizer: { ...OF_TOKENIZER_JSON, special: { unk_token: '<unk>' }, hasTokenTypes: false },
  PegasusTokenizer: {
    ...OF_TOKENIZER_JSON,
    special: { eos_token: '</s>', unk_token: '<unk>', pad_token: '<pad>', mask_token: '<mask_2>' },
    additional: ['<mask_1>', ...Array.from({ length: 101 }, (_, i) => `<unk_${i + 2}>`)],
    hasTokenTypes: false,
  },
  Qwen2Tokenizer: {
    ...OF_TOKENIZER_JSON,
    special: {
      eos_token: { content: END_OF_TEXT, normalized: false },
      unk_token: { content: END_OF_TEXT, normalized: false },
      pad_token: { content: END_OF_TEXT, normalized: false },
    },
    hasTokenTypes: false,
  },
  ReformerTokenizer: {
    ...OF_TOKENIZER_JSON,
    special: { eos_token: '</s>', unk_token: '<unk>' },
    hasTokenTypes: false,
  },
  XGLMTokenizer: {
    ...OF_TOKENIZER_JSON,
    special: { ...ROBERTA_NAMES, pad_token: '<pad>' },
    additional: Array.from({ length: 7 }, (_, i) => `<madeupword${i}>`),
    hasTokenTypes: false,
  },
  XLNetTokenizer: {
    ...OF_TOKENIZER_JSON,
    special: {
      bos_token: '<s>',
      eos_token: '</s>',
      unk_token: '<unk>',
      sep_token: '<sep>',
      pad_token: '<pad>',
      cls_token: '<cls>',
      mask_token: maskOf('<mask>', { normalized: false }),
    },
    additional: ['<eop>', '<eod>'],
    paddingSide: 'left',
  },
  DPRContextEncoderTokenizer: BERT,
  DPRQuestionEncoderTokenizer: BERT,
  DPRReaderTokenizer: WITHOUT_TYPES,
  DistilBertTokenizer: WITHOUT_TYPES,
  ElectraTokenizer: BERT,
  LayoutLMTokenizer: BERT,
  LxmertTokenizer: BERT,
  MobileBertTokenizer: BERT,
  RealmTokenizer: { ...BERT, slow: { ...WORDPIECE, cleansUp: false } },
  RetriBertTokenizer: { ...WITHOUT_TYPES, slow: { ...WORDPIECE, cleansUp: false } },
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
    slow: { ...WORDPIECE, pair: 'cls:2 A:0 sep:0 B:1 sep:1' },
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
    slow: { ...WORDPIECE, pair: 'cls:0 A:0 sep:0 sep:0 B:1 sep:1' },
  },
  SplinterTokenizer: {
    ...BERT,
    additional: ['[QUESTION]'],
    sets: ['lowercase', 'strip_accents'],
    slow: { ...WORDPIECE, pair: 'cls:0 A:0 [QUESTION]:0 .:0 sep:0 B:1 sep:1', cleansUp: false },
  },
}

/** A class whose behavior is completely specified in tokenizer.json. */
export const GENERIC_CLASS: TokenizerClass = {
  ...BERT,
  name: 'PreTrainedTokenizerFast',
  special: {},
  sets: [],
  slow: undefined,
}

/** Classes whose own code does something that no file describes, with a description of it. */
const OWN_CODE: Readonly<Record<string, string>> = {
  BertJapaneseTokenizer: 'cuts words with MeCab, Sudachi or Juman++',
  BertweetTokenizer: 'normalizes tweets and merges pairs from bpe.codes',
  BloomTokenizer: 'changes parts of its tokenizer.json',
  CanineTokenizer: 'takes characters as tokens',
  CLIPTokenizer: 'changes words before it decodes them',
  CodeLlamaTokenizer: 'adds special tokens for code',
  CohereTokenizer: 'adds special tokens of its own',
  CpmAntTokenizer: 'cuts words with Jieba',
  CpmTokenizer: 'cuts words with Jieba',
  EsmTokenizer: 'cuts protein sequences into residues',
  GemmaTokenizer: 'adds special tokens of its own',
  GPTNeoXTokenizer: 'adds special tokens of its own',
  LayoutLMv2Tokenizer: 'reads words with their boxes',
  LayoutLMv3Tokenizer: 'reads words with their boxes',
  LayoutXLMTokenizer: 'reads words with their boxes',
  LlamaTokenizer: 'adds special tokens of its own',
  MarkupLMTokenizer: 'reads the nodes of a page',
  MBartTokenizer: 'adds tokens for languages',
  MBart50Tokenizer: 'adds tokens for languages',
  NllbTokenizer: 'adds tokens for languages',
  PhobertTokenizer: 'merges pairs from bpe.codes',
  ProphetNetTokenizer: 'reads prophetnet.tokenizer',
  RoCBertTokenizer: 'reads shapes and sounds of characters',
  RoFormerTokenizer: 'cuts words with Jieba',
  SeamlessM4TTokenizer: 'adds tokens for languages',
  TapasTokenizer: 'reads tables',
  UdopTokenizer: 'reads words with their boxes',
  WhisperTokenizer: 'adds tokens for speech',
}

/** Classes without a fast version in transformers, and therefore without offsets. */
const SLOW_ONLY: ReadonlySet<string> = new Set(
  `Bartpho BertGeneration BioGpt BlenderbotSmall ByT5 CTRL Clvp Dia ErnieM FSMT Flaubert GPTNeoXJapanese GPTSanJapanese
  GPTSw3 Jukebox Luke M2M100 MLuke Marian Mgpstr MyT5 PLBart Perceiver Siglip Speech2Text Speech2Text2 SpeechT5 Tapex
  TransfoXL Vits Wav2Vec2CTC Wav2Vec2PhonemeCTC XLM XLMProphetNet`.split(/\s+/),
)

/**
 * Returns the class of this name, with or without the suffix `Fast`, or the generic class if transformers does not have
 * it.
 */
export function tokenizerClass(name: string): TokenizerClass {
  const slow = withoutFast(name)
  return Object.hasOwn(TABLE, slow) ? { name: slow, ...TABLE[slow] } : GENERIC_CLASS
}

/** Returns the reason why the files of a class do not determine its results, or undefined if they do. */
export function ownCodeOf(name: string): string | undefined {
  const slow = withoutFast(name)
  if (SLOW_ONLY.has(slow.replace(/Tokenizer$/, ''))) return 'has no fast form in transformers, which gives offsets'
  return Object.hasOwn(OWN_CODE, slow) ? OWN_CODE[slow] : undefined
}

/** Generic names, for which the files describe the tokenizer completely. */
export const isGenericName = (name: string): boolean => /^(PreTrainedTokenizer(Fast)?|TokenizersBackend)$/.test(name)

const withoutFast = (name: string): string => name.replace(/Fast$/, '')
