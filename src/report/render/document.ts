import type { Table } from './table.ts'

/**
 * A piece of a report, independent of its format: blocks are rendered as terminal text, Markdown and HTML. In texts,
 * `backticks` mark names of files, flags and parameters; there is no other markup.
 */
export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: string }
  /** An important notice. */
  | { readonly kind: 'warning'; readonly title: string; readonly lines: readonly string[] }
  | { readonly kind: 'facts'; readonly facts: readonly NamedValue[] }
  | { readonly kind: 'table'; readonly table: Table }
  /** An image in a separate file; `alt` describes it in words. */
  | { readonly kind: 'figure'; readonly file: string; readonly alt: string }

/** A name and its value. */
export type NamedValue = readonly [name: string, value: string]

/** Escapes text from data or a command line: its backticks become a similar-looking letter, so they are not markup. */
export const literal = (text: string): string => text.replaceAll('`', '\u02cb')

export const heading = (text: string, level: 1 | 2 = 2): Block => ({ kind: 'heading', level, text })
export const paragraph = (...sentences: string[]): Block => ({ kind: 'paragraph', text: sentences.join(' ') })
export const warning = (title: string, ...lines: string[]): Block => ({ kind: 'warning', title, lines })
export const facts = (...list: NamedValue[]): Block => ({ kind: 'facts', facts: list })
export const table = (value: Table): Block => ({ kind: 'table', table: value })
