/** Folds a text for comparison, so that case, white space and the encoding of accents make no difference. */
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
