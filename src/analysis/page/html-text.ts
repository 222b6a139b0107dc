import { toHash } from '../browser/filter.ts'
import type { Analysis, AnalyzedQuestion, GroupScore } from '../types.ts'

/** A piece of HTML, as a separate type, so that plain strings are always escaped. */
export class Html {
  constructor(readonly source: string) {}
}

type Part = string | number | Html | undefined | readonly Part[]

/** Template tag for HTML. Strings and numbers are escaped, lists are joined, and `undefined` is omitted. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  new Html(strings.map((string, i) => string + (i < parts.length ? sourceOf(parts[i]) : '')).join(''))

function sourceOf(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Html) return part.source
  if (typeof part === 'object') return part.map(sourceOf).join('')
  return String(part).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/**
 * Embeds a value as JSON in a script element. `<` is escaped, so that `</script>` or `<!--` in the data cannot end the
 * element.
 */
export const jsonIsland = (id: string, value: unknown): Html =>
  new Html(`<script type="application/json" id="${id}">${JSON.stringify(value).replace(/</g, '\\u003c')}</script>`)

/** Formats a score in percent: '81.2'. */
export const score = (inPerCent: number): string => inPerCent.toFixed(1)

/** Formats a share in [0, 1] with a non-breaking space: '81.2 %'. */
export const share = (part: number): string => `${(100 * part).toFixed(1)}\u00a0%`

export const intervalText = ({ low, high }: GroupScore): string =>
  low === undefined || high === undefined ? '' : `${score(low)} to ${score(high)}`

/** A link to the list of questions with a filter applied. */
export const filterLink = (filter: Parameters<typeof toHash>[0], text: string): Html =>
  html`<a href="#${toHash(filter)}">${text}</a>`

export const predictionText = ({ contexts }: Analysis, { context, candidates }: AnalyzedQuestion): string =>
  contexts[context].text.slice(candidates[0].start, candidates[0].end)

/** An answer in quotation marks, with its own text direction; "" is shown as "no answer". */
export const quotedAnswer = (text: string | undefined): Html =>
  text ? html`<bdi class="quoted">${text}</bdi>` : html`<em>no answer</em>`
