import { SpanforgeError } from '../../errors.ts'
import { showText, showValue } from '../../show-value.ts'
import { Fields } from '../fields.ts'
import { classOfModelType } from './model-types.ts'
import {
  isGenericName,
  ownCodeOf,
  type SentencePieceFile,
  type TokenizerClass,
  tokenizerClass,
} from './tokenizer-classes.ts'

/** The tokenizer files of a model folder: parsed JSON files, and the contents of text files. */
export interface TokenizerFiles {
  readonly 'tokenizer.json'?: unknown
  readonly 'vocab.txt'?: string
  readonly 'vocab.json'?: unknown
  readonly 'merges.txt'?: string
  readonly 'tokenizer_config.json'?: unknown
  readonly 'special_tokens_map.json'?: unknown
  readonly 'added_tokens.json'?: unknown
  readonly 'config.json'?: unknown
  /** The contents of SentencePiece model files. */
  readonly sentencePiece?: Partial<Record<SentencePieceFile, Uint8Array>>
}

/**
 * Chooses the class that reads the files of a folder, like `AutoTokenizer`: the class named in tokenizer_config.json,
 * otherwise the one named in config.json, otherwise that of the model type. `present` contains the names of all files
 * in the folder.
 * @throws SpanforgeError if the tokenizer is not supported
 */
export function chooseClass(files: TokenizerFiles, config: Fields, present: readonly string[]): TokenizerClass {
  const model = Fields.of(files['config.json'] ?? {}, 'config.json')
  const named = config.optional('tokenizer_class', 'string') ?? model.optional('tokenizer_class', 'string')
  const name = named ?? classOfModelType(modelType(model))
  const shown = showText(name ?? '', 60)
  const ownCode = name === undefined ? undefined : ownCodeOf(name)
  if (ownCode !== undefined) throw unsupportedModel(`the tokenizer of this folder is ${shown}, which ${ownCode}`)
  if (files['tokenizer.json'] === undefined && present.includes('bpe.codes'))
    throw unsupportedModel('this folder has a BPE (byte-pair encoding) tokenizer in bpe.codes')
  const chosen = tokenizerClass(name ?? '')
  if (files['tokenizer.json'] !== undefined)
    return name === undefined && files['vocab.txt'] !== undefined ? tokenizerClass('BertTokenizer') : chosen
  if (named !== undefined && !isGenericName(named) && !chosen.slow)
    throw unsupportedModel(`the tokenizer of this folder is ${shown}, and no tokenizer.json describes it`)
  if (hasFiles(chosen, files)) return chosen
  const fitting = named === undefined || isGenericName(named) ? classOfFiles(files) : undefined
  if (fitting) return fitting
  throw noTokenizer(chosen, present, model.optional('model_type', 'string'))
}

/** Creates the error for an unsupported kind of tokenizer, which `what` describes. */
export const unsupportedModel = (what: string): SpanforgeError =>
  new SpanforgeError(
    `${what}; spanforge reads tokenizer.json, vocab.txt, vocab.json with merges.txt, and some SentencePiece models`,
    {
      remedy: 'Choose a model with a fast tokenizer in transformers: its folder has a tokenizer.json.',
    },
  )

/** Whether the files exist from which a class creates a tokenizer without tokenizer.json. */
function hasFiles({ slow }: TokenizerClass, files: TokenizerFiles): boolean {
  if (slow?.reads === 'vocab.txt') return files['vocab.txt'] !== undefined
  if (slow?.reads === 'sentencepiece') return files.sentencePiece?.[slow.file] !== undefined
  return slow?.reads === 'merges.txt' && files['merges.txt'] !== undefined && files['vocab.json'] !== undefined
}

/** Returns the class for the files if none is named and only one class fits. */
function classOfFiles(files: TokenizerFiles): TokenizerClass | undefined {
  if (files['vocab.txt'] !== undefined) return tokenizerClass('BertTokenizer')
  if (files['merges.txt'] === undefined || files['vocab.json'] === undefined) return undefined
  const vocabulary = Fields.of(files['vocab.json'], 'vocab.json')
  return vocabulary.has('<s>') && vocabulary.has('</s>') ? tokenizerClass('RobertaTokenizer') : undefined
}

/** For a model from the hub, of which other files are not downloaded, the model type determines the tokenizer. */
function noTokenizer({ slow }: TokenizerClass, present: readonly string[], type: string | undefined): SpanforgeError {
  const other = otherTokenizer(present)
  if (other !== undefined) return unsupportedModel(`this folder has ${other}`)
  if (!slow && type !== undefined)
    return unsupportedModel(`this folder has the tokenizer of a model of type ${showValue(type, 60)}`)
  const wanted =
    slow?.reads === 'sentencepiece'
      ? slow.file
      : slow?.reads === 'merges.txt'
        ? 'vocab.json with merges.txt'
        : 'vocab.txt'
  return new SpanforgeError(`no tokenizer found: neither tokenizer.json nor ${wanted}`, {
    remedy: 'Copy the tokenizer files of the pretrained model into the folder.',
  })
}

/** Describes the tokenizer of a folder whose class cannot read its files. */
function otherTokenizer(present: readonly string[]): string | undefined {
  const [vocabulary, merges] = ['vocab.json', 'merges.txt'].map((name) => present.includes(name))
  if (vocabulary && merges)
    return 'a BPE (byte-pair encoding) tokenizer in vocab.json and merges.txt, and no file says of which class'
  if (vocabulary || merges)
    return `half of a BPE (byte-pair encoding) tokenizer: ${vocabulary ? 'vocab.json without merges.txt' : 'merges.txt without vocab.json'}`
  const model = present.find((name) => SENTENCE_PIECE.test(name))
  return model === undefined ? undefined : `a SentencePiece tokenizer in ${model}`
}

const SENTENCE_PIECE = /^(spiece|spm|sentencepiece(\.bpe)?|tokenizer)\.model$/

/** For a model that consists of two, returns the type of the encoder. */
function modelType(model: Fields): string {
  const type = model.optional('model_type', 'string') ?? ''
  return type === 'encoder-decoder' && model.has('encoder') ? modelType(model.object('encoder')) : type
}
