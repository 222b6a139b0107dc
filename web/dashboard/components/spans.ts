import type { Prediction, WatchedQuestion } from '../../../src/dashboard/records.ts'

export interface Stretch {
  readonly text: string
  /** Classes of the mark: 'gold', 'predicted' or both; undefined for plain text. */
  readonly kind?: string
}

/** Characters of context shown on either side of a mark. */
const AROUND = 220

/** Splits a context at the marks, and shortens the unmarked parts. */
export function marked({ context, answers }: WatchedQuestion, prediction: Prediction | undefined): Stretch[] {
  const gold = answers[0] && { start: answers[0].answer_start, end: answers[0].answer_start + answers[0].text.length }
  const predicted = prediction && prediction.end > prediction.start ? prediction : undefined
  const spans = [gold, predicted].filter((span) => span !== undefined)
  const edges = [0, context.length, ...spans.flatMap(({ start, end }) => [start, end])]
  const cuts = [...new Set(edges)].sort((a, b) => a - b)
  const within = (span: { start: number; end: number } | undefined, at: number) =>
    span !== undefined && span.start <= at && at < span.end
  const stretches: Stretch[] = []
  for (const [i, from] of cuts.slice(0, -1).entries()) {
    const kinds = [...(within(gold, from) ? ['gold'] : []), ...(within(predicted, from) ? ['predicted'] : [])]
    const text = context.slice(from, cuts[i + 1])
    if (kinds.length > 0) stretches.push({ text, kind: kinds.join(' ') })
    else stretches.push({ text: shortened(text, { isFirst: from === 0, isLast: cuts[i + 1] === context.length }) })
  }
  return stretches
}

function shortened(text: string, { isFirst, isLast }: { isFirst: boolean; isLast: boolean }): string {
  const head = isFirst ? 0 : AROUND
  const tail = isLast ? 0 : AROUND
  if (isFirst && isLast) return text.length > 3 * AROUND ? `${beginning(text, 3 * AROUND)} …` : text
  if (text.length <= head + tail + 40) return text
  const start = head > 0 ? `${beginning(text, head)} …` : '…'
  return tail > 0 ? `${start} ${ending(text, tail)}` : start
}

/** Truncates text to `max` characters at a word boundary, if there is one. */
const beginning = (text: string, max: number): string => text.slice(0, max).replace(/(?<=\S)\s+\S*$/, '')
const ending = (text: string, max: number): string => text.slice(-max).replace(/^\S*\s+(?=\S)/, '')
