import type { Block } from './document.ts'
import type { Table } from './table.ts'

/** Renders blocks as GitHub-flavored Markdown. Figures link to their files. */
export const renderMarkdown = (blocks: readonly Block[]): string => `${blocks.map(markdownOf).join('\n\n')}\n`

function markdownOf(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${verbatim(block.text)}`
    case 'paragraph':
      return verbatim(block.text)
    case 'warning':
      return [`**${verbatim(block.title)}**`, ...block.lines.map(verbatim)].map((line) => `> ${line}`).join('\n>\n')
    case 'facts':
      return tableOf({ columns: [{ title: '' }, { title: '' }], rows: block.facts })
    case 'table':
      return tableOf(block.table)
    case 'figure':
      return `![${verbatim(block.alt).replace(/[[\]]/g, '\\$&')}](${block.file})`
  }
}

function tableOf({ columns, rows, marked }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(columns.map(({ title }) => verbatim(title))),
    line(columns.map(({ align }) => (align === 'right' ? '---:' : '---'))),
    ...rows.map((row, i) => line(row.map((cell) => (cell && i === marked ? `**${verbatim(cell)}**` : verbatim(cell))))),
  ].join('\n')
}

/** Escapes all Markdown and HTML characters. Between backticks, only a bar needs an escape. */
function verbatim(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part.replaceAll('|', '\\|') : part.replace(/[\\`*|<>_~[\]&]/g, '\\$&')))
    .join('')
}
