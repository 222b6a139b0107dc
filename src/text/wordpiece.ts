/** A word cut into tokens: their ids, and the UTF-16 index just after each within the word. */
export interface Pieces {
  readonly ids: readonly number[]
  readonly ends: readonly number[]
}

const PREFIX = '##'
const CACHED_WORDS = 1 << 16

/**
 * WordPiece: the longest piece of the vocabulary that the word begins with, then the longest `##` piece that the rest
 * begins with, and so on; a word that cannot be cut whole, or is too long, is one unknown token.
 */
export class WordPiece {
  private readonly first = new Map<string, number>()
  private readonly following = new Map<string, number>()
  private readonly longest: number = 0
  private readonly cache = new Map<string, Pieces>()

  /** `max_input_chars_per_word` counts code points. */
  constructor(
    vocab: readonly string[],
    readonly unk_token_id: number,
    readonly max_input_chars_per_word: number,
  ) {
    for (const [id, token] of vocab.entries()) {
      this.first.set(token, id)
      if (token.startsWith(PREFIX)) this.following.set(token.slice(PREFIX.length), id)
      this.longest = Math.max(this.longest, token.length)
    }
  }

  /** `word` is normalized and not empty. */
  pieces(word: string): Pieces {
    const known = this.cache.get(word)
    if (known) return known
    const pieces = this.cut(word)
    if (this.cache.size >= CACHED_WORDS) this.cache.clear()
    this.cache.set(detached(word), pieces)
    return pieces
  }

  private cut(word: string): Pieces {
    const unknown = { ids: [this.unk_token_id], ends: [word.length] }
    if (longerThan(word, this.max_input_chars_per_word)) return unknown
    const ids: number[] = []
    const ends: number[] = []
    for (let start = 0; start < word.length; start = ends[ends.length - 1]) {
      const vocabulary = start === 0 ? this.first : this.following
      let end = Math.min(word.length, start + this.longest)
      let id = vocabulary.get(word.slice(start, end))
      while (id === undefined && --end > start) id = vocabulary.get(word.slice(start, end))
      if (id === undefined) return unknown
      ids.push(id)
      ends.push(end)
    }
    return { ids, ends }
  }
}

function longerThan(word: string, limit: number): boolean {
  if (word.length <= limit) return false
  let codePoints = 0
  for (const _ of word) if (++codePoints > limit) return true
  return false
}

/** A slice of a long text keeps all of that text alive while it is a key; a copy does not. */
const detached = (word: string): string => ` ${word}`.slice(1)
