import { loadTokenizer, saveTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { resolveModel } from '../hub/download/models.ts'
import { type BertTokenizerOptions, bertSettings, type TokenizerSettings } from '../text/settings.ts'
import { Tokenizer } from '../text/tokenizer.ts'
import { checkOptions } from './check-options.ts'
import { FROM_PRETRAINED, type FromPretrainedOptions } from './from-pretrained-options.ts'

/**
 * A tokenizer with UTF-16 offsets, equivalent to the fast tokenizers of transformers: WordPiece, BPE, Unigram and
 * WordLevel.
 */
export class AutoTokenizer extends Tokenizer {
  /**
   * Loads the tokenizer of a Hugging Face folder or of a model on the hub, from tokenizer.json or from the files of a slow
   * tokenizer (vocab.txt; vocab.json and merges.txt; SentencePiece's .model) and their settings. It accepts all options of a model and uses those
   * for the hub.
   * @throws UsageError for an unknown option
   * @throws SpanforgeError for missing, corrupted or unsupported files
   */
  static async from_pretrained<T extends AutoTokenizer>(
    this: new (
      settings: TokenizerSettings,
    ) => T,
    nameOrFolder: string,
    options: FromPretrainedOptions = {},
  ): Promise<T> {
    checkOptions('from_pretrained', FROM_PRETRAINED, options)
    const { settings } = await loadTokenizer(await resolveModel(nameOrFolder, { ...options, weights: false }))
    return new this(settings)
  }

  /** Writes tokenizer.json, tokenizer_config.json, special_tokens_map.json and the vocabulary; transformers loads them. */
  async save_pretrained(folder: string): Promise<void> {
    await saveTokenizer(this, folder)
  }
}

/** BERT's tokenizer from a list of tokens, or any other tokenizer from its settings. */
export class BertTokenizer extends AutoTokenizer {
  constructor(options: BertTokenizerOptions | TokenizerSettings) {
    super('model' in options ? options : bertSettings(options))
  }
}
