import { SpanforgeError, UsageError } from '../errors.ts'
import { random } from '../random/random.ts'
import type { Example } from '../squad/types.ts'
import { contextsOf, firstAlike, haveSameAnswers, type OwnIds, withOwnIds } from './checks/repeats.ts'

/** Which questions stay together: all of an article, all of a context, or none. */
export type SplitBy = 'article' | 'context' | 'question'

export interface SplitOptions {
  readonly seed: number
  /** Share of the questions for each part except the first, which gets the rest. */
  readonly shares: readonly number[]
  /** Default: `article` if there are several and none has more than a third of the questions, otherwise `context`. */
  readonly by?: SplitBy
}

export interface DatasetSplit<T extends Example = Example> {
  readonly by: SplitBy
  readonly parts: readonly (readonly T[])[]
}

/**
 * Splits a dataset into parts that keep the order of the file. Unless it is split by question, no context (compared
 * after folding) is in two parts, and articles that share a context stay together. The same seed gives the same parts.
 * @throws UsageError for shares that would make a part empty
 */
export function splitExamples<T extends Example>(
  examples: readonly T[],
  { seed, shares, by }: SplitOptions,
): DatasetSplit<T> {
  if (shares.some((share) => !(share > 0)) || shares.reduce((sum, share) => sum + share, 0) >= 1)
    throw new UsageError(`shares: found ${shares.join(' and ')}, expected numbers above 0 whose sum is less than 1`)
  const chosen = by ?? (hasArticles(examples) ? 'article' : 'context')
  const groups = groupsOf(examples, chosen)
  const part = new Int32Array(examples.length)
  const order = [...random(seed, 'split').permutation(groups.length)]
  for (const [index, share] of shares.entries()) {
    const wanted = share * examples.length
    let count = 0
    // Adds a group if that brings the part closer to its target size.
    for (const [place, number] of order.entries()) {
      const group = groups[number]
      if (number < 0 || Math.abs(count + group.length - wanted) >= Math.abs(count - wanted)) continue
      for (const example of group) part[example] = index + 1
      count += group.length
      order[place] = -1
    }
  }
  const parts = [0, ...shares].map((_, index) => examples.filter((_, i) => part[i] === index))
  if (parts.every((questions) => questions.length)) return { by: chosen, parts }
  const found = `${groups.length} ${chosen}${groups.length === 1 ? '' : 's'}`
  throw new SpanforgeError(
    `cannot split ${examples.length} questions into ${parts.length} parts of these sizes: found ${found} to distribute`,
    { remedy: 'Split by a smaller unit (context, question), or choose larger shares.' },
  )
}

function hasArticles(examples: readonly Example[]): boolean {
  const counts = new Map<string, number>()
  for (const { title } of examples) {
    if (!title) return false
    counts.set(title, (counts.get(title) ?? 0) + 1)
  }
  return Math.max(...counts.values()) * 3 <= examples.length
}

/** The examples that stay together, by their place in the list. */
function groupsOf(examples: readonly Example[], by: SplitBy): number[][] {
  if (by === 'question') return examples.map((_, i) => [i])
  const contexts = contextsOf(examples).of
  const joined = new Joined()
  for (const [i, { title }] of examples.entries())
    joined.join(`context ${contexts[i]}`, by === 'article' && title ? `article ${title}` : `context ${contexts[i]}`)
  const groups = new Map<string, number[]>()
  for (const i of examples.keys()) {
    const root = joined.root(`context ${contexts[i]}`)
    const group = groups.get(root)
    if (group) group.push(i)
    else groups.set(root, [i])
  }
  return [...groups.values()]
}

/** A disjoint-set forest (union-find; Galler and Fischer 1964). */
class Joined {
  private readonly parents = new Map<string, string>()

  root(name: string): string {
    let root = name
    for (let parent = this.parents.get(root); parent !== undefined; parent = this.parents.get(root)) root = parent
    if (root !== name) this.parents.set(name, root)
    return root
  }

  join(a: string, b: string): void {
    const [from, to] = [this.root(a), this.root(b)]
    if (from !== to) this.parents.set(from, to)
  }
}

/**
 * Merges several lists. Duplicates (same question, context and answers) are removed, and questions with an id that is
 * already in use get a new one.
 */
export function mergeExamples<T extends Example>(lists: readonly (readonly T[])[]): OwnIds<T> {
  const all = lists.flat()
  const first = firstAlike(all, contextsOf(all))
  const kept = all.filter((example, i) => first[i] === i || !haveSameAnswers(example, all[first[i]]))
  const own = withOwnIds(kept)
  return { ...own, repeated: own.repeated + all.length - kept.length }
}

/**
 * Draws `count` examples without replacement and keeps their order. The same seed draws the same examples.
 * @throws UsageError if there are fewer than `count` examples
 */
export function sampleExamples<T extends Example>(examples: readonly T[], count: number, seed: number): T[] {
  if (count > examples.length)
    throw new UsageError(
      `cannot draw ${count} of ${examples.length} questions`,
      `Draw ${examples.length} or fewer, or use all questions as they are.`,
    )
  const drawn = random(seed, 'sample').permutation(examples.length).subarray(0, count).sort()
  return Array.from(drawn, (i) => examples[i])
}
