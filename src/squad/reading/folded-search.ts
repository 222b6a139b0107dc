import type { Answer } from '../types.ts'

/** Characters that programs often replace with similar ones. */
const ALIKE: Readonly<Record<string, string>> = {
  '‘': "'",
  '’': "'",
  '‚': "'",
  '‛': "'",
  '′': "'",
  '´': "'",
  '`': "'",
  '“': '"',
  '”': '"',
  '„': '"',
  '‟': '"',
  '″': '"',
  '«': '"',
  '»': '"',
  '‐': '-',
  '‑': '-',
  '‒': '-',
  '–': '-',
  '—': '-',
  '―': '-',
  '−': '-',
  '…': '...',
  ß: 'ss',
}

const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/gu

/** Folds a letter with its marks: normalized, without case, with plain quotes and dashes. */
const foldedCluster = (cluster: string): string =>
  (ALIKE[cluster] ?? cluster).normalize('NFD').toLowerCase().replace(INVISIBLE, '').replace(/\s/gu, ' ')

interface Folded {
  readonly text: string
  /** For each character of `text`, start and end of its original cluster. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

function folded(text: string): Folded {
  let all = ''
  const starts: number[] = []
  const ends: number[] = []
  for (const { 0: cluster, index } of text.matchAll(/\P{M}\p{M}*|\p{M}+/gu)) {
    const piece = foldedCluster(cluster)
    const end = index + cluster.length
    if (piece === ' ' && all.endsWith(' ')) {
      ends[ends.length - 1] = end
      continue
    }
    all += piece
    for (let i = 0; i < piece.length; i++) {
      starts.push(index)
      ends.push(end)
    }
  }
  return { text: all, starts, ends }
}

/**
 * Finds a text in contexts, ignoring case, whitespace, Unicode normalization, and the style of quotation marks and
 * dashes. The last folded context is cached.
 */
export class FoldedSearch {
  private last = { context: '', folded: folded('') }

  private foldedContext(context: string): Folded {
    if (context !== this.last.context) this.last = { context, folded: folded(context) }
    return this.last.folded
  }

  *places(text: string, context: string): Generator<Answer> {
    const wanted = folded(text).text.trim()
    if (!wanted) return
    const { text: within, starts, ends } = this.foldedContext(context)
    for (let at = within.indexOf(wanted); at >= 0; at = within.indexOf(wanted, at + 1)) {
      const last = at + wanted.length - 1
      // A match must not start or end inside a cluster.
      if (at > 0 && starts[at - 1] === starts[at]) continue
      if (last + 1 < within.length && starts[last + 1] === starts[last]) continue
      const answer_start = starts[at]
      yield { text: context.slice(answer_start, ends[last]), answer_start }
    }
  }
}
