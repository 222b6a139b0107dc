import { style } from '../../report/render/style.ts'
import type { Analysis } from '../types.ts'
import { breakdownNote, breakdownTable } from './breakdown-table.ts'
import { browserScript, browserScriptDigest } from './browser-script.ts'
import { confidenceSection } from './confidence-section.ts'
import { Html, html, jsonIsland } from './html-text.ts'
import { classTable, overview } from './overview.ts'
import { questionSection } from './question-section.ts'
import { pageStyle } from './style.ts'

/**
 * Renders the analysis as a self-contained HTML file that loads nothing. Its content security policy allows only its
 * own script.
 */
export function analysisHtml(analysis: Analysis): string {
  const title = `${analysis.model} on ${analysis.data}`
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src '${browserScriptDigest}'; base-uri 'none'; form-action 'none'`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Error analysis: ${title}</title>
<style>${new Html(style + pageStyle)}</style>
</head>
<body>
<main>
<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs><pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2" height="4" fill="var(--paper)"/></pattern></defs></svg>
<h1>Error analysis: ${title}</h1>
<nav aria-label="Sections"><a href="#errors">Error classes</a><a href="#breakdowns">Breakdowns</a><a href="#confidence">Confidence</a><a href="#questions">All questions</a></nav>
${overview(analysis)}
<h2 id="errors">Error classes</h2>
<p>Each question belongs to exactly one class. Click a class to see its questions.</p>
${classTable(analysis)}
<h2 id="breakdowns">Breakdowns</h2>
<p>${breakdownNote}</p>
${analysis.breakdowns.map(breakdownTable)}
<h2 id="confidence">Confidence</h2>
${confidenceSection(analysis)}
<h2 id="questions">All questions</h2>
${questionSection(analysis)}
</main>
${jsonIsland('analysis', analysis)}
<script>${new Html(browserScript)}</script>
</body>
</html>
`.source
}
