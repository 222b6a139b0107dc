/** Derives the merges of a SentencePiece BPE model, which its file does not contain, like transformers 4.57. */

type Scored = readonly (readonly [token: string, score: number])[]

interface Merge {
  readonly pair: readonly [left: string, right: string]
  readonly score: number
  /** Lengths in code points, which decide between merges of the same score. */
  readonly lengths: readonly [left: number, right: number]
}

/** Returns all merges of two `pieces` into a token of the vocabulary, highest score first. */
export function mergesOf(pieces: ReadonlySet<string>, vocabulary: Scored): (readonly [string, string])[] {
  const merges: Merge[] = []
  for (const [token, score] of new Map(vocabulary)) {
    const length = [...token].length
    let cut = 0
    for (let left = 1; left < length; left++) {
      cut += token.codePointAt(cut)! > 0xffff ? 2 : 1
      const pair = [token.slice(0, cut), token.slice(cut)] as const
      if (pieces.has(pair[0]) && pieces.has(pair[1])) merges.push({ pair, score, lengths: [left, length - left] })
    }
  }
  merges.sort((a, b) => b.score - a.score || b.lengths[0] - a.lengths[0] || b.lengths[1] - a.lengths[1])
  return merges.map(({ pair }) => pair)
}
