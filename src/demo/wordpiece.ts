import { SpanforgeError } from '../errors.ts'

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']

/**
 * A WordPiece vocabulary of at most `size` entries for uncased text: the special tokens, every character (alone and
 * as a continuation `##c`), then the most frequent joins of two neighbouring pieces, one after the other (byte-pair
 * merges: Sennrich et al. 2016). Ties go to the pair that sorts first, so the result depends on the texts alone.
 */
export function trainWordPiece(texts: Iterable<string>, size: number): string[] {
  const words = countWords(texts)
  const vocabulary = new Set(SPECIAL)
  for (const character of [...new Set(words.flatMap((word) => word.pieces.map((p) => p.replace('##', ''))))].sort()) {
    vocabulary.add(character).add(`##${character}`)
  }
  if (vocabulary.size > size) {
    throw new SpanforgeError(`vocabulary: ${size} entries do not hold the ${vocabulary.size} single characters`, {
      remedy: 'Ask for a larger vocabulary.',
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

/** Lower case without accents, split as BERT does: runs of letters and digits, and single other characters. */
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

/** How often two pieces stand side by side, and in which words; kept up to date as pieces are joined. */
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

  /** Joins the pair wherever it stands; returns the new piece. */
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
