import type { Example } from '../../squad/types.ts'

/** Folds a text for comparison, so that case, whitespace and the encoding of accents make no difference. */
export const folded = (text: string): string => text.normalize('NFC').toLowerCase().trim().replace(/\s+/gu, ' ')

/** The distinct contexts of a file, folded, and for each example the index of its context. */
export interface Contexts {
  readonly texts: readonly string[]
  readonly of: readonly number[]
}

export function contextsOf(examples: readonly { readonly context: string }[]): Contexts {
  const byText = new Map<string, number>()
  const byFolded = new Map<string, number>()
  const of = examples.map(({ context }) => {
    const known = byText.get(context)
    if (known !== undefined) return known
    const text = folded(context)
    const number = byFolded.get(text) ?? byFolded.size
    byFolded.set(text, number)
    byText.set(context, number)
    return number
  })
  return { texts: [...byFolded.keys()], of }
}

/** For each example, the index of the first one with the same folded question and context, which may be its own. */
export function firstAlike(examples: readonly Example[], { of }: Contexts): number[] {
  const first = new Map<string, number>()
  return examples.map(({ question }, i) => {
    const key = `${of[i]} ${folded(question)}`
    const alike = first.get(key) ?? i
    first.set(key, alike)
    return alike
  })
}

export const haveSameAnswers = (a: Example, b: Example): boolean =>
  a.answers.length === b.answers.length &&
  a.answers.every(
    ({ text, answer_start }, i) => text === b.answers[i].text && answer_start === b.answers[i].answer_start,
  )

const isSame = (a: Example, b: Example): boolean =>
  a.id === b.id && a.question === b.question && a.context === b.context && haveSameAnswers(a, b)

export interface OwnIds<T extends Example = Example> {
  readonly examples: readonly T[]
  /** Number of exact duplicates that were removed. */
  readonly repeated: number
  /** Maps each new id to the old one. */
  readonly renamed: ReadonlyMap<string, string>
}

/** Makes ids unique: a number is appended to an id that is already in use. Removes exact duplicates. */
export function withOwnIds<T extends Example>(examples: readonly T[]): OwnIds<T> {
  const taken = new Set(examples.map(({ id }) => id))
  const first = new Map<string, T>()
  const renamed = new Map<string, string>()
  let repeated = 0
  const kept = examples.flatMap((example) => {
    const earlier = first.get(example.id)
    if (!earlier) {
      first.set(example.id, example)
      return [example]
    }
    if (isSame(example, earlier)) {
      repeated++
      return []
    }
    let number = 2
    while (taken.has(`${example.id}-${number}`)) number++
    const id = `${example.id}-${number}`
    taken.add(id)
    renamed.set(id, example.id)
    return [{ ...example, id }]
  })
  return { examples: kept, repeated, renamed }
}
