import { classTexts } from '../error-class-texts.ts'
import type { Analysis } from '../types.ts'
import { filterLink, type Html, html, predictionText, quotedAnswer, share } from './html-text.ts'
import { reliabilityPlot, riskCoveragePlot } from './plots.ts'

/** The section with the plots of confidence and the most confident mistakes. */
export function confidenceSection(analysis: Analysis): Html {
  const { confidence } = analysis
  const { raw, calibrated, risk_coverage, area_under_risk_coverage } = confidence
  const levels = [0.25, 0.5, 0.75, 1].map((level) => risk_coverage.find(({ coverage }) => coverage >= level - 1e-9))
  return html`<div class="plots">
<figure role="img" aria-label="Reliability diagram">${reliabilityPlot(confidence)}<figcaption>
<span class="key exact">raw probability of the model</span>: calibration error ${share(raw.expected_calibration_error)}${
    calibrated &&
    html`; <span class="key f1">fitted confidence</span> (dashed, squares): ${share(calibrated.expected_calibration_error)}${
      calibrated.cross_validated ? ', cross-validated' : ''
    }`
  }. On the dotted line, the confidence equals the share of right answers; below it, the confidence is too high. Larger marks represent more answers.</figcaption></figure>
<figure role="img" aria-label="Risk-coverage curve">${riskCoveragePlot(confidence)}<figcaption>If only the most confident answers are given: ${levels
    .flatMap((point) => (point ? [`${share(point.coverage)} answered, ${share(point.risk)} of them wrong`] : []))
    .join(
      '; ',
    )}. Area under the curve: ${area_under_risk_coverage.toFixed(3)} (smaller is better).</figcaption></figure>
</div>
<h3>Most confident mistakes</h3>
${mistakes(analysis)}`
}

function mistakes(analysis: Analysis): Html {
  const indices = analysis.confidence.most_confident_mistakes
  if (indices.length === 0) return html`<p>The model made no mistakes.</p>`
  const rows = indices.map((index) => {
    const question = analysis.questions[index]
    return html`<tr><td class="number">${share(question.confidence)}</td><td dir="auto">${filterLink({ text: question.id }, question.question)}</td><td>${quotedAnswer(predictionText(analysis, question))}</td><td>${quotedAnswer(question.answers[0]?.text)}</td><td>${classTexts[question.class].title}</td></tr>`
  })
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Most confident mistakes"><table class="mistakes">
<thead><tr><th scope="col" class="number">Confidence</th><th scope="col">Question</th><th scope="col">Predicted</th><th scope="col">Labeled</th><th scope="col">Class</th></tr></thead>
<tbody>${rows}</tbody></table></div>`
}
