import { SpanforgeError } from '../errors.ts'
import { showText, showValue } from '../show-value.ts'
import { Fields } from './fields.ts'
import { classOfModelType, isGenericName, ownCodeOf, type TokenizerClass, tokenizerClass } from './tokenizer-classes.ts'

/** The files of a model folder that say what its tokenizer is: parsed JSON, and the text of vocab.txt. */
export interface TokenizerFiles {
  readonly 'tokenizer.json'?: unknown
  readonly 'vocab.txt'?: string
  readonly 'tokenizer_config.json'?: unknown
  readonly 'special_tokens_map.json'?: unknown
  readonly 'added_tokens.json'?: unknown
  readonly 'config.json'?: unknown
}

/**
 * The class that reads the files of a folder, as `AutoTokenizer` chooses it: the one named in tokenizer_config.json, else
 * in config.json, else that of the model's type. `present` names all files of the folder.
 * @throws SpanforgeError for a tokenizer that is none of WordPiece, saying what it is
 */
export function chooseClass(files: TokenizerFiles, config: Fields, present: readonly string[]): TokenizerClass {
  const model = Fields.of(files['config.json'] ?? {}, 'config.json')
  const named = config.optional('tokenizer_class', 'string') ?? model.optional('tokenizer_class', 'string')
  const name = named ?? classOfModelType(modelType(model))
  const shown = showText(name ?? '', 60)
  const ownCode = name === undefined ? undefined : ownCodeOf(name)
  if (ownCode !== undefined) throw unsupportedModel(`the tokenizer of this folder is ${shown}, which ${ownCode}`)
  const other = otherTokenizer(present)
  if (other !== undefined) throw unsupportedModel(`this folder has ${other}`)
  const chosen = tokenizerClass(name ?? '')
  if (files['tokenizer.json'] !== undefined)
    return name === undefined && files['vocab.txt'] !== undefined ? tokenizerClass('BertTokenizer') : chosen
  if (named !== undefined && !isGenericName(named) && !chosen.readsVocabulary)
    throw unsupportedModel(`the tokenizer of this folder is ${shown}, and no tokenizer.json describes it`)
  if (files['vocab.txt'] !== undefined) return chosen.readsVocabulary ? chosen : tokenizerClass('BertTokenizer')
  throw noTokenizer(chosen, model.optional('model_type', 'string'))
}

/** The error for a tokenizer that is none of WordPiece; `what` says what it is. */
export const unsupportedModel = (what: string): SpanforgeError =>
  new SpanforgeError(
    `${what}; spanforge reads WordPiece tokenizers, such as those of BERT, DistilBERT and ELECTRA, ` +
      'from tokenizer.json or vocab.txt',
    { remedy: 'Choose a BERT model.' },
  )

/** Of a model from the hub, where other files are not downloaded, its type says what its tokenizer is. */
function noTokenizer({ readsVocabulary }: TokenizerClass, type: string | undefined): SpanforgeError {
  if (!readsVocabulary && type !== undefined)
    return unsupportedModel(`this folder has the tokenizer of a model of type ${showValue(type, 60)}`)
  return new SpanforgeError('no tokenizer here: neither tokenizer.json nor vocab.txt', {
    remedy: 'Copy the tokenizer files of the pretrained model into the folder.',
  })
}

/** What tokenizer of another kind the files of a folder without tokenizer.json are. */
function otherTokenizer(present: readonly string[]): string | undefined {
  const has = (name: string): boolean => present.includes(name)
  if (has('tokenizer.json')) return undefined
  if (has('bpe.codes')) return 'a BPE (byte-pair encoding) tokenizer in bpe.codes'
  if (has('vocab.txt')) return undefined
  if (has('merges.txt') || has('vocab.json')) return 'a BPE (byte-pair encoding) tokenizer in vocab.json and merges.txt'
  const model = present.find((name) => SENTENCE_PIECE.test(name))
  return model === undefined ? undefined : `a SentencePiece tokenizer in ${model}`
}

const SENTENCE_PIECE = /^(spiece|spm|sentencepiece(\.bpe)?|tokenizer)\.model$/

/** Of a model that consists of two, the encoder's type. */
function modelType(model: Fields): string {
  const type = model.optional('model_type', 'string') ?? ''
  return type === 'encoder-decoder' && model.has('encoder') ? modelType(model.object('encoder')) : type
}
