import { editDistance } from '../edit-distance.ts'

/** The name that a misspelt one was most likely meant to be, if any is near: at most a third of its letters changed. */
export function nearest(misspelt: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let fewest = Math.floor(misspelt.length / 3) + 1
  for (const name of names) {
    const edits = editDistance(letters(misspelt), letters(name))
    if (edits < fewest) [best, fewest] = [name, edits]
  }
  return best
}

/** learningRate, learning-rate and learning_rate are one name to somebody in a hurry. */
const letters = (name: string): string => name.replace(/[-_]/g, '').toLowerCase()
