import { MIN_FOR_INTERVAL } from '../breakdown.ts'
import { dimensionTexts } from '../dimensions.ts'
import type { Breakdown, GroupScore, QuestionGroup } from '../types.ts'
import { filterLink, type Html, html, intervalText, score } from './html-text.ts'

/** The table of one breakdown: the scores of each group as numbers and as bars with their intervals. */
export function breakdownTable({ dimension, groups }: Breakdown): Html {
  const { title, note } = dimensionTexts[dimension]
  const rows = groups.map(
    (group) => html`<tr${group.uncertain ? html` class="uncertain"` : undefined}>
<td>${filterLink({ [dimension]: group.label }, group.label)}</td>
<td class="number">${group.count}${group.uncertain ? html` <span class="few">few</span>` : undefined}</td>
<td class="number">${figures(group.exact_match)}</td><td class="number">${figures(group.f1)}</td><td>${bars(group)}</td></tr>`,
  )
  return html`<section class="breakdown"><h3>${title}</h3><p class="note">${note}</p>
<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table>
<thead><tr><th scope="col">Group</th><th scope="col" class="number">Questions</th><th scope="col" class="number"><abbr title="Exact match">EM</abbr></th><th scope="col" class="number">F1</th><th scope="col"><span class="key exact">EM</span> <span class="key f1">F1</span></th></tr></thead>
<tbody>${rows}</tbody></table></div></section>`
}

export const breakdownNote = `Intervals are 95\u00a0% bootstrap intervals. Groups of fewer than ${MIN_FOR_INTERVAL} questions are marked “few” and have hatched bars, because their scores are uncertain. EM means exact match. Both bars range from 0 to 100.`

const figures = (group: GroupScore): Html =>
  html`${score(group.mean)}${group.low === undefined ? undefined : html` <small>${intervalText(group)}</small>`}`

/** Two bars, each with a line for its interval. They are hidden from screen readers, which read the numbers instead. */
function bars({ exact_match, f1, uncertain }: QuestionGroup): Html {
  const bar = (
    name: string,
    y: number,
    { mean, low, high }: GroupScore,
  ) => html`<rect class="${name}" x="0" y="${y}" width="${score(mean)}" height="7"${uncertain ? html` fill-opacity="0.45"` : undefined}/>
${uncertain ? html`<rect class="hatch" x="0" y="${y}" width="${score(mean)}" height="7"/>` : undefined}
${low === undefined || high === undefined ? undefined : html`<line x1="${score(low)}" x2="${score(high)}" y1="${y + 3.5}" y2="${y + 3.5}"/>`}`
  return html`<svg class="bars" viewBox="0 0 100 18" preserveAspectRatio="none" aria-hidden="true"><rect class="ground" width="100" height="18"/>${bar('exact', 1, exact_match)}${bar('f1', 10, f1)}</svg>`
}
