import { toHash } from '../browser/filter.ts'
import type { AnalysedQuestion, Analysis, GroupScore } from '../types.ts'
import { type Html, html } from './html-text.ts'

/** Formats a score in percent: '81.2'. */
export const score = (inPerCent: number): string => inPerCent.toFixed(1)

/** Formats a share in [0, 1] with a non-breaking space: '81.2 %'. */
export const share = (part: number): string => `${(100 * part).toFixed(1)}\u00a0%`

export const intervalText = ({ low, high }: GroupScore): string =>
  low === undefined || high === undefined ? '' : `${score(low)} to ${score(high)}`

/** A link to the list of questions with a filter applied. */
export const filterLink = (filter: Parameters<typeof toHash>[0], text: string): Html =>
  html`<a href="#${toHash(filter)}">${text}</a>`

export const predictionText = ({ contexts }: Analysis, { context, candidates }: AnalysedQuestion): string =>
  contexts[context].text.slice(candidates[0].start, candidates[0].end)

/** An answer in quotation marks, with its own text direction; "" is shown as "no answer". */
export const quotedAnswer = (text: string | undefined): Html =>
  text ? html`<bdi class="quoted">${text}</bdi>` : html`<em>no answer</em>`
