import { Bpe, type BpeModel } from './bpe.ts'
import type { Model } from './pieces.ts'
import { Unigram, type UnigramModel } from './unigram.ts'
import { WordLevel, type WordLevelModel } from './word-level.ts'
import { WordPiece, type WordPieceModel } from './wordpiece.ts'

/** The settings of a model, as in `model` of tokenizer.json, without its vocabulary. */
export type ModelSettings = WordPieceModel | BpeModel | UnigramModel | WordLevelModel

/** Creates a model from its settings and its vocabulary, which maps tokens to ids. */
export function buildModel(settings: ModelSettings, vocabulary: ReadonlyMap<string, number>): Model {
  switch (settings.type) {
    case 'WordPiece':
      return new WordPiece(vocabulary, settings)
    case 'BPE':
      return new Bpe(vocabulary, settings)
    case 'Unigram':
      return new Unigram(vocabulary, settings)
    case 'WordLevel':
      return new WordLevel(vocabulary, settings)
  }
}
