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

/** Levenshtein 1966: the fewest insertions, deletions and replacements of one letter that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++)
      row.push(Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)))
    previous = row
  }
  return previous[b.length]
}
