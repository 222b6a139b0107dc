import { SpanforgeError } from '../errors.ts'

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']

/**
 * Trains a WordPiece vocabulary of at most `size` entries for uncased text. It contains the special tokens, every
 * character (alone and as a continuation `##c`), and the most frequent byte-pair merges in order (Sennrich et al.
 * 2016). Ties are resolved in sort order, so the result depends only on the texts.
 */
export function trainWordPiece(texts: Iterable<string>, size: number): string[] {
  const words = countWords(texts)
  const vocabulary = new Set(SPECIAL)
  for (const character of [...new Set(words.flatMap((word) => word.pieces.map((p) => p.replace('##', ''))))].sort()) {
    vocabulary.add(character).add(`##${character}`)
  }
  if (vocabulary.size > size) {
    throw new SpanforgeError(`vocabulary: size ${size} is too small for ${vocabulary.size} single characters`, {
      remedy: 'Use a larger size.',
    })
  }
  const pairs = new PairTable(words)
  while (vocabulary.size < size) {
    const pair = pairs.mostFrequent()
    if (!pair) break
    vocabulary.add(pairs.merge(pair))
  }
  return [...vocabulary]
}

interface Word {
  pieces: string[]
  readonly count: number
}

/** Counts words in lower case and without accents, split like in BERT: runs of letters and digits, other characters. */
function countWords(texts: Iterable<string>): Word[] {
  const counts = new Map<string, number>()
  for (const text of texts) {
    const plain = text
      .normalize('NFD')
      .replace(/\p{Mn}/gu, '')
      .toLowerCase()
    for (const [word] of plain.matchAll(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu))
      counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return [...counts].map(([word, count]) => ({ pieces: [...word].map((c, i) => (i === 0 ? c : `##${c}`)), count }))
}

/** Counts of adjacent pieces and the words that contain them, updated with each merge. */
class PairTable {
  private readonly counts = new Map<string, number>()
  private readonly places = new Map<string, Set<Word>>()

  constructor(words: readonly Word[]) {
    for (const word of words) this.add(word, 1)
  }

  mostFrequent(): string | undefined {
    let best: string | undefined
    let most = 1
    for (const [pair, count] of this.counts) {
      if (count > most || (count === most && best !== undefined && pair < best)) {
        best = pair
        most = count
      }
    }
    return best
  }

  /** Merges all occurrences of the pair and returns the new piece. */
  merge(pair: string): string {
    const [left, right] = pair.split(' ')
    const joined = left + right.slice(2)
    for (const word of [...(this.places.get(pair) as Set<Word>)]) {
      this.add(word, -1)
      const pieces: string[] = []
      for (const piece of word.pieces) {
        if (piece === right && pieces.at(-1) === left) pieces[pieces.length - 1] = joined
        else pieces.push(piece)
      }
      word.pieces = pieces
      this.add(word, 1)
    }
    return joined
  }

  private add(word: Word, sign: 1 | -1): void {
    for (let i = 1; i < word.pieces.length; i++) {
      const pair = `${word.pieces[i - 1]} ${word.pieces[i]}`
      const count = (this.counts.get(pair) ?? 0) + sign * word.count
      if (count > 0) this.counts.set(pair, count)
      else this.counts.delete(pair)
      const words = this.places.get(pair) ?? new Set()
      this.places.set(pair, sign > 0 ? words.add(word) : words)
    }
  }
}
