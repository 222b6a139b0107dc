import { type BertTokenizerOptions, bertSettings, type TokenizerSettings } from './settings.ts'
import { Tokenizer } from './tokenizer.ts'

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
