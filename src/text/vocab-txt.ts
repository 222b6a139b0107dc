import { BertTokenizer } from './tokenizer.ts'
import { settingsFromConfig } from './tokenizer-config.ts'

/**
 * The tokenizer of a vocab.txt (one token a line, the id is the line's number from 0) and the object of
 * tokenizer_config.json.
 */
export function tokenizerFromVocab(vocabText: string, config: unknown = {}): BertTokenizer {
  const lines = vocabText.split(/\r\n|\r|\n/)
  if (lines[lines.length - 1] === '') lines.pop()
  return new BertTokenizer({
    // transformers' default for a tokenizer that is made from vocab.txt alone; from tokenizer.json it is false.
    clean_up_tokenization_spaces: true,
    ...settingsFromConfig(config),
    vocab: lines,
  })
}

/** vocab.txt. */
export const toVocabText = (vocab: readonly string[]): string => vocab.map((token) => `${token}\n`).join('')
