/**
 * The `count` candidates that take the fewest letters added, dropped or replaced to become `word`: not itself, and none
 * that has little in common with it.
 */
export function nearest(word: string, candidates: readonly string[], count: number): string[] {
  // "bert-base-uncased" is near to "google-bert/bert-base-uncased": the owner may have been left out.
  const distance = (candidate: string) =>
    Math.min(editDistance(word, candidate), 0.5 + editDistance(word, candidate.split('/').at(-1)!))
  return candidates
    .map((candidate) => ({ candidate, far: distance(candidate) }))
    .filter(({ far }) => far > 0 && far <= Math.max(2, word.length / 2))
    .sort((a, b) => a.far - b.far)
    .slice(0, count)
    .map(({ candidate }) => candidate)
}

/** Levenshtein's distance, row by row. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replace = above[column - 1] + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(replace, above[column] + 1, current[column - 1] + 1))
    }
    above = current
  }
  return above[b.length]
}
