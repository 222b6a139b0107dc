import { editDistance } from '../edit-distance.ts'

/**
 * Returns up to `count` candidates with the smallest edit distance to `word`, nearest first. Leaves out `word` itself
 * and candidates that are too different.
 */
export function nearestNames(word: string, candidates: readonly string[], count: number): string[] {
  // The owner may be missing: "bert-base-uncased" is close to "google-bert/bert-base-uncased".
  const distance = (candidate: string) =>
    Math.min(editDistance(word, candidate), 0.5 + editDistance(word, candidate.split('/').at(-1)!))
  return candidates
    .map((candidate) => ({ candidate, far: distance(candidate) }))
    .filter(({ far }) => far > 0 && far <= Math.max(2, word.length / 2))
    .sort((a, b) => a.far - b.far)
    .slice(0, count)
    .map(({ candidate }) => candidate)
}
