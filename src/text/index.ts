/**
 * Tokenizers with UTF-16 offsets, created from a model's files or, for BERT, from a list of tokens. Runs in a browser.
 */
export { SpanforgeError, UsageError } from '../errors.ts'
export type { AddedToken } from './added-tokens.ts'
export type { BatchEncoding, BatchFields, CallOptions, Offsets, Rows } from './batch-encoding.ts'
export type { Encoding } from './encoding.ts'
export type { TokenizerFiles } from './reading/choose-class.ts'
export { fastTokenizerFile, isFastTokenizerFile } from './reading/fast-tokenizer-file.ts'
export { SENTENCE_PIECE_FILES } from './reading/tokenizer-classes.ts'
export { toSpecialTokensMap, toTokenizerConfig } from './reading/tokenizer-config.ts'
export { tokenizerFromFiles, tokenizerFromJson, tokenizerFromVocab } from './reading/tokenizer-files.ts'
export { toTokenizerJson } from './reading/tokenizer-json.ts'
export { toVocabText, toVocabularyFiles } from './reading/vocabularies.ts'
export type { BertTokenizerOptions, TokenizerSettings } from './settings.ts'
export { BertTokenizer, type DecodeOptions, Tokenizer } from './tokenizer.ts'
