import { editDistance } from '../edit-distance.ts'

/**
 * The `count` candidates that take the fewest letters added, dropped or replaced to become `word`: not itself, and none
 * that has little in common with it.
 */
export function nearestNames(word: string, candidates: readonly string[], count: number): string[] {
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
