import type { Block } from './document.ts'
import { type TextTableOptions, textFacts, textTable } from './table.ts'
import { textWidth, wrap } from './text-width.ts'

/** Renders blocks as terminal text, wrapped to 100 columns, with a newline at the end. */
export function renderText(blocks: readonly Block[], options: TextTableOptions = {}): string {
  return `${blocks.map((block) => textOf(block, options)).join('\n\n')}\n`
}

function textOf(block: Block, options: TextTableOptions): string {
  switch (block.kind) {
    case 'heading':
      return `${block.text}\n${(block.level === 1 ? '=' : '-').repeat(textWidth(block.text))}`
    case 'paragraph':
      return filled(block.text)
    case 'warning':
      return [`! ${block.title}`, ...block.lines.map((line) => filled(line, '  '))].join('\n')
    case 'facts':
      return textFacts(block.facts.map(([name, value]) => [name, plain(value)]))
    case 'table':
      return textTable(block.table, options)
    case 'figure':
      return `${block.file}: ${block.alt}`
  }
}

const filled = (text: string, indent = ''): string =>
  wrap(plain(text), 100 - indent.length)
    .map((line) => indent + line)
    .join('\n')

const plain = (text: string): string => text.replaceAll('`', '')
