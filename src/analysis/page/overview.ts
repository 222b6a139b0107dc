import { count, counted, setting } from '../../report/render/format.ts'
import { classTexts } from '../error-class-texts.ts'
import type { Analysis, ClassSummary } from '../types.ts'
import { filterLink, type Html, html, intervalText, predictionText, quotedAnswer, score, share } from './html-text.ts'
import { takeaways } from './takeaways.ts'

/** The overall scores and the main conclusions. */
export function overview(analysis: Analysis): Html {
  const { questions, windows, exact_match, f1, loss, null_score_diff_threshold } = analysis.overall
  const { raw, calibrated } = analysis.confidence
  const tile = (name: string, value: string, note: string | Html) =>
    html`<div><dt>${name}</dt><dd><strong>${value}</strong> <span>${note}</span></dd></div>`
  return html`<dl class="tiles">
${tile('Exact match', score(exact_match.mean), `95\u00a0%: ${intervalText(exact_match)}`)}
${tile('F1', score(f1.mean), `95\u00a0%: ${intervalText(f1)}`)}
${loss === undefined ? undefined : tile('Loss', loss.toFixed(4), 'mean over windows')}
${tile('Calibration error', share(raw.expected_calibration_error), calibrated ? `${share(calibrated.expected_calibration_error)} with fitted confidence` : 'smaller is better')}
${tile('Questions', count(questions), counted(windows, 'window'))}
${null_score_diff_threshold === undefined ? undefined : tile('Threshold', setting(null_score_diff_threshold), html`null_score_<wbr>diff_<wbr>threshold`)}
</dl>
<ul>${takeaways(analysis).map((sentence) => html`<li>${sentence}</li>`)}</ul>`
}

/** The table of error classes with examples. */
export function classTable(analysis: Analysis): Html {
  const present = analysis.classes.filter(({ count }) => count > 0)
  const absent = analysis.classes.filter(({ count }) => count === 0)
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Error classes">
<table class="classes"><thead><tr><th scope="col">Class</th><th scope="col" class="number">Questions</th><th scope="col">Share</th><th scope="col" class="number">Mean F1</th></tr></thead>
<tbody>${present.map((summary) => classRow(analysis, summary))}</tbody></table></div>
${absent.length ? html`<p class="note">Not found: ${absent.map((summary) => classTexts[summary.class].title.toLowerCase()).join('; ')}.</p>` : undefined}`
}

function classRow(analysis: Analysis, summary: ClassSummary): Html {
  const { title, explanation } = classTexts[summary.class]
  const part = summary.count / analysis.overall.questions
  return html`<tr><td>${filterLink({ class: summary.class }, title)}<p>${withFlags(explanation)}</p>${examples(analysis, summary)}</td>
<td class="number">${summary.count}</td>
<td><span class="bar" aria-hidden="true"><span class="fill" style="width:${(100 * part).toFixed(1)}%"></span></span> ${share(part)}</td>
<td class="number">${score(summary.f1)}</td></tr>`
}

/** Formats flags as code, so that they do not wrap after the dashes. */
const withFlags = (text: string): readonly (string | Html)[] =>
  text.split(/(--\w+)/).map((part, i) => (i % 2 ? html`<code>${part}</code>` : part))

function examples(analysis: Analysis, summary: ClassSummary): Html {
  const items = summary.examples.map((index) => {
    const question = analysis.questions[index]
    const labeled = question.answers[0]?.text
    return html`<li><span dir="auto">${question.question}</span> Predicted ${quotedAnswer(predictionText(analysis, question))}, labeled ${quotedAnswer(labeled)}</li>`
  })
  return html`<details><summary>Examples, the most confident first</summary><ul>${items}</ul></details>`
}
