import type { Tokenizer } from '../tokenizer.ts'
import { fitsLines, toVocabText } from './vocab-txt.ts'
import { fitsMerges, toMergesText, toVocabulary } from './vocabularies.ts'

/**
 * The files with the vocabulary alone that transformers writes beside tokenizer.json, by name. None where they could not
 * hold all of it.
 */
export function toVocabularyFiles({ settings: { vocab, model } }: Tokenizer): Record<string, string> {
  if (model.type === 'BPE')
    return fitsMerges(model.merges)
      ? { 'vocab.json': `${JSON.stringify(toVocabulary(vocab))}\n`, 'merges.txt': toMergesText(model.merges) }
      : {}
  return model.type === 'WordPiece' && fitsLines(vocab) ? { 'vocab.txt': toVocabText(vocab) } : {}
}
