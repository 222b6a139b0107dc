import { bytePlaces, toByteCharacters } from '../characters/byte-level.ts'

/**
 * A word split into tokens: their ids and their ranges of UTF-16 indices in the word. If tokens are bytes of the same
 * character, each has the range of the whole character, so ranges may overlap.
 */
export interface Pieces {
  readonly ids: readonly number[]
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/** Creates consecutive pieces from their ends. */
export function consecutive(ids: readonly number[], ends: readonly number[]): Pieces {
  const starts = [0]
  for (let i = 1; i < ends.length; i++) starts.push(ends[i - 1])
  return { ids, starts, ends }
}

/** Splits a normalized, non-empty word into tokens. */
export interface Model {
  pieces(word: string): Pieces
}

const CACHED_WORDS = 1 << 16
/** Longer words rarely recur and would enlarge the cache. */
const MAX_CACHED_LENGTH = 256

/** A model with a cache of the results for recent words. */
export class CachedModel implements Model {
  private readonly cache = new Map<string, Pieces>()

  constructor(private readonly model: Model) {}

  pieces(word: string): Pieces {
    const known = this.cache.get(word)
    if (known) return known
    const pieces = this.model.pieces(word)
    if (word.length > MAX_CACHED_LENGTH) return pieces
    if (this.cache.size >= CACHED_WORDS) this.cache.clear()
    this.cache.set(detached(word), pieces)
    return pieces
  }
}

/** Wraps a model whose vocabulary uses one character per byte, so that it accepts ordinary words. */
export class ByteLevelModel implements Model {
  constructor(private readonly model: Model) {}

  pieces(word: string): Pieces {
    const written = toByteCharacters(word)
    const pieces = this.model.pieces(written)
    if (written.length === word.length) return pieces
    const places = bytePlaces(word)
    const starts: number[] = []
    const ends: number[] = []
    for (const start of pieces.starts) starts.push(places.starts[start] ?? word.length)
    for (const end of pieces.ends) ends.push(places.ends[end - 1] ?? word.length)
    return { ids: pieces.ids, starts, ends }
  }
}

/** Engines copy shorter slices. */
const SLICED_LENGTH = 13

/** Used as a key, a slice would keep the whole text in memory. A copy does not. */
const detached = (word: string): string => (word.length < SLICED_LENGTH ? word : ` ${word}`.slice(1))
