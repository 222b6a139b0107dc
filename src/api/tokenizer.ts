import { loadTokenizer, saveTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { resolveModel } from '../hub/models.ts'
import { BertTokenizer as Tokenizer } from '../text/tokenizer.ts'
import { checkOptions } from './check-options.ts'
import { FROM_PRETRAINED, type FromPretrainedOptions } from './from-pretrained-options.ts'

/** A tokenizer with UTF-16 offsets, equivalent to the fast tokenizers of BERT and related models in transformers. */
export class BertTokenizer extends Tokenizer {
  /**
   * Loads the tokenizer of a Hugging Face folder or of a model on the hub, from tokenizer.json or vocab.txt and their
   * settings. It accepts all options of a model and uses those for the hub.
   * @throws UsageError for an unknown option
   * @throws SpanforgeError for missing, corrupted or unsupported files
   */
  static async from_pretrained(nameOrFolder: string, options: FromPretrainedOptions = {}) {
    checkOptions('from_pretrained', FROM_PRETRAINED, options)
    const { settings } = await loadTokenizer(await resolveModel(nameOrFolder, { ...options, weights: false }))
    return new BertTokenizer(settings)
  }

  /** Writes tokenizer.json, tokenizer_config.json, special_tokens_map.json and vocab.txt; transformers loads them. */
  async save_pretrained(folder: string): Promise<void> {
    await saveTokenizer(this, folder)
  }
}

/** Loads the right tokenizer for a model, as in transformers. */
export const AutoTokenizer = BertTokenizer
