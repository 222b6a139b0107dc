import { SpanforgeError } from '../../errors.ts'
import { showValue } from '../../show-value.ts'
import { consecutive, type Model, type Pieces } from './pieces.ts'

/** The settings of a WordLevel model, as in `model` of tokenizer.json. */
export interface WordLevelModel {
  readonly type: 'WordLevel'
  readonly unk_token: string
}

/** A vocabulary of whole words. Any other word becomes the unknown token. */
export class WordLevel implements Model {
  constructor(
    private readonly vocabulary: ReadonlyMap<string, number>,
    private readonly model: WordLevelModel,
  ) {}

  pieces(word: string): Pieces {
    const id = this.vocabulary.get(word) ?? this.vocabulary.get(this.model.unk_token)
    if (id !== undefined) return consecutive([id], [word.length])
    throw new SpanforgeError(
      `tokenizer: the vocabulary has no word ${showValue(word, 60)} and no unk_token ` +
        `${showValue(this.model.unk_token, 60)} for such words`,
      { remedy: 'Use the vocabulary that the model was trained with.' },
    )
  }
}
