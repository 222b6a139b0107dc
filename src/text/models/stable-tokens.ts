import type { MergeTable } from './merge-table.ts'

/** The origin of each token of a vocabulary: the rank of the merge that produces it, or one of these values. */
const CHARACTER = -1
const NOT_MADE = -2

/**
 * Finds the tokens that BPE makes of their own text, by ids, so that a word that is such a token needs no merging. In a
 * vocabulary that BPE has learned these are all but those that were added to it. None are found unless each merge makes
 * another token, of tokens that are characters or that earlier merges make: the ranks of the merges in a text then never
 * decrease, from which all that follows depends.
 */
export function stableTokens(merges: MergeTable, characters: Iterable<number>, size: number): Uint8Array {
  const stable = new Uint8Array(size)
  const makers = new Int32Array(size).fill(NOT_MADE)
  for (const id of characters) {
    makers[id] = CHARACTER
    stable[id] = 1
  }
  for (let rank = 0; rank < merges.size; rank++) {
    const [left, right, result] = [merges.leftOf(rank), merges.rightOf(rank), merges.resultOf(rank)]
    if (makers[left] === NOT_MADE || makers[right] === NOT_MADE || makers[result] !== NOT_MADE)
      return new Uint8Array(size)
    makers[result] = rank
    if (stable[left] === 1 && stable[right] === 1 && stayApart(left, right, rank)) stable[result] = 1
  }
  return stable

  /**
   * Whether no merge of a rank below `before` joins the end of one token with the beginning of the next while both are
   * made. It undoes the merges at the boundary, the last first: of equal ranks that further left is the first.
   */
  function stayApart(left: number, right: number, before: number): boolean {
    for (let [a, b, limit] = [left, right, before]; ; ) {
      const rank = merges.rankOf(a, b)
      if (rank >= 0 && rank < limit) return false
      const [first, second] = [makers[a], makers[b]]
      if (first < 0 && second < 0) return true
      if (first > second) {
        limit = first
        a = merges.rightOf(first)
      } else {
        limit = second + 1
        b = merges.leftOf(second)
      }
    }
  }
}
