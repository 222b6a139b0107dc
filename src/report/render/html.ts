import type { Block } from './document.ts'
import { style } from './style.ts'
import type { Table } from './table.ts'

/**
 * Renders blocks as a self-contained HTML file with inline styles and figures and without scripts. `figures` maps the
 * file name of each figure to its SVG.
 */
export function renderHtml(title: string, blocks: readonly Block[], figures: Readonly<Record<string, string>>): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${verbatim(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${blocks.map((block) => htmlOf(block, figures)).join('\n')}
</main>
</body>
</html>
`
}

function htmlOf(block: Block, figures: Readonly<Record<string, string>>): string {
  switch (block.kind) {
    case 'heading':
      return `<h${block.level}>${verbatim(block.text)}</h${block.level}>`
    case 'paragraph':
      return `<p>${inline(block.text)}</p>`
    case 'warning':
      return `<aside><h3>${verbatim(block.title)}</h3>${block.lines.map((line) => `<p>${inline(line)}</p>`).join('')}</aside>`
    case 'facts':
      return `<dl>${block.facts.map(([name, value]) => `<dt>${verbatim(name)}</dt><dd>${inline(value)}</dd>`).join('\n')}</dl>`
    case 'table':
      return tableOf(block.table)
    case 'figure':
      return `<figure role="img" aria-label="${verbatim(block.alt)}">${figures[block.file] ?? ''}</figure>`
  }
}

function tableOf({ columns, rows, marked, links, wrapped }: Table): string {
  const side = (j: number) => (columns[j]?.align === 'right' ? ' class="number"' : '')
  const titles = columns.map(({ title }, j) => `<th scope="col"${side(j)}>${verbatim(title)}</th>`).join('')
  const body = rows.map((row, i) => {
    const linked = (cell: string) => (links?.[i] ? `<a href="${verbatim(links[i])}">${inline(cell)}</a>` : inline(cell))
    const cells = row.map((cell, j) => `<td${side(j)}>${j ? inline(cell) : linked(cell)}</td>`).join('')
    return `<tr${i === marked ? ' class="marked"' : ''}>${cells}</tr>`
  })
  // A wide table scrolls inside its own region, which is reachable by keyboard, instead of the whole page.
  return `<div class="scroll" tabindex="0" role="region" aria-label="${verbatim(columns.map(({ title }) => title).join(', '))}">
<table${wrapped ? ' class="wrapped"' : ''}><thead><tr>${titles}</tr></thead><tbody>
${body.join('\n')}
</tbody></table></div>`
}

/** Renders text between backticks as code. Elsewhere, a non-breaking space keeps a number and its unit together. */
const inline = (text: string): string =>
  text
    .split(/`([^`]*)`/)
    .map((part, i) => (i % 2 ? `<code>${verbatim(part)}</code>` : verbatim(part.replace(BEFORE_UNIT, '$1\u00a0'))))
    .join('')

const BEFORE_UNIT = /(\d) (?=(?:%|s|min|h|d|[kMGT]?B|[a-z]+\/s)(?!\w))/g

const verbatim = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
