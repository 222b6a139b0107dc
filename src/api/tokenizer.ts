import { loadTokenizer, saveTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { type ModelOptions, resolveModel } from '../hub/models.ts'
import { BertTokenizer as Tokenizer } from '../text/tokenizer.ts'

/** WordPiece with UTF-16 offsets, as `BertTokenizerFast` of transformers. */
export class BertTokenizer extends Tokenizer {
  /**
   * The tokenizer of a Hugging Face folder, or of that name on the hub: tokenizer.json, or vocab.txt with
   * tokenizer_config.json.
   * @throws SpanforgeError where the files are missing, broken, or of another kind of tokenizer
   */
  static async from_pretrained(nameOrFolder: string, options: Omit<ModelOptions, 'weights'> = {}) {
    const { settings } = await loadTokenizer(await resolveModel(nameOrFolder, { ...options, weights: false }))
    return new BertTokenizer(settings)
  }

  /** Writes tokenizer.json, tokenizer_config.json, special_tokens_map.json and vocab.txt; transformers loads them. */
  async save_pretrained(folder: string): Promise<void> {
    await saveTokenizer(this, folder)
  }
}

/** WordPiece is the one tokenizer there is: chosen by name, as in transformers. */
export const AutoTokenizer = BertTokenizer
