import { SpanforgeError } from '../../errors.ts'
import { showValue } from '../../show-value.ts'
import { consecutive, type Model, type Pieces } from './pieces.ts'

/** The settings of a WordPiece model, as in `model` of tokenizer.json. */
export interface WordPieceModel {
  readonly type: 'WordPiece'
  readonly unk_token: string
  /** Marks a token that continues a word. */
  readonly continuing_subword_prefix: string
  /** Longer words, in code points, become the unknown token. */
  readonly max_input_chars_per_word: number
}

/**
 * WordPiece: takes the longest prefix of the word that is in the vocabulary, then the longest `##` prefix of the rest,
 * and so on. A word that is too long or cannot be split completely becomes the unknown token.
 */
export class WordPiece implements Model {
  private readonly first = new Map<string, number>()
  private readonly following = new Map<string, number>()
  private readonly longest: number = 0
  private readonly unknown: number | undefined

  constructor(
    vocabulary: ReadonlyMap<string, number>,
    private readonly model: WordPieceModel,
  ) {
    const { continuing_subword_prefix: prefix } = model
    for (const [token, id] of vocabulary) {
      this.first.set(token, id)
      if (token.startsWith(prefix)) this.following.set(token.slice(prefix.length), id)
      this.longest = Math.max(this.longest, token.length)
    }
    this.unknown = vocabulary.get(model.unk_token)
  }

  pieces(word: string): Pieces {
    if (longerThan(word, this.model.max_input_chars_per_word)) return this.unknownWord(word)
    const ids: number[] = []
    const ends: number[] = []
    for (let start = 0; start < word.length; start = ends[ends.length - 1]) {
      const vocabulary = start === 0 ? this.first : this.following
      let end = Math.min(word.length, start + this.longest)
      let id = vocabulary.get(word.slice(start, end))
      while (id === undefined && --end > start) id = vocabulary.get(word.slice(start, end))
      if (id === undefined) return this.unknownWord(word)
      ids.push(id)
      ends.push(end)
    }
    return consecutive(ids, ends)
  }

  private unknownWord(word: string): Pieces {
    if (this.unknown !== undefined) return consecutive([this.unknown], [word.length])
    throw new SpanforgeError(
      `tokenizer: the vocabulary cannot spell ${showValue(word, 60)} and has no unk_token ` +
        `${showValue(this.model.unk_token, 60)} for such words`,
      { remedy: 'Use the vocabulary that the model was trained with, or name its unk_token in tokenizer_config.json.' },
    )
  }
}

function longerThan(word: string, limit: number): boolean {
  if (word.length <= limit) return false
  let codePoints = 0
  for (const _ of word) if (++codePoints > limit) return true
  return false
}
