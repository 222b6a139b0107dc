/** BERT's WordPiece tokenizer, without Node: made from a model's files, or from a list of tokens. */
export type { AddedToken } from './added-tokens.ts'
export type { Encoding } from './encoding.ts'
export type { BertTokenizerOptions, TokenizerSettings } from './options.ts'
export { BertTokenizer, type DecodeOptions } from './tokenizer.ts'
export { toSpecialTokensMap, toTokenizerConfig } from './tokenizer-config.ts'
export { tokenizerFromJson, toTokenizerJson } from './tokenizer-json.ts'
export { tokenizerFromVocab, toVocabText } from './vocab-txt.ts'
