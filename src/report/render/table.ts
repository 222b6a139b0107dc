import { pad, textWidth, wrap } from './text-width.ts'

/** A table. `rows[i][j]` belongs to `columns[j]`. `marked` is the index of a row to highlight. */
export interface Table {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly string[])[]
  readonly marked?: number
  /** Whether long cells, such as sentences, wrap in HTML (default: false). */
  readonly wrapped?: boolean
  /** Link target for the first cell of each row in HTML; undefined for no link. */
  readonly links?: readonly (string | undefined)[]
}

export interface Column {
  readonly title: string
  /** Alignment (default: left). Numbers are aligned right. */
  readonly align?: 'left' | 'right'
}

/** Creates columns from titles. A leading '>' aligns a column to the right: `columns('Epoch', '>Loss')`. */
export const columns = (...titles: string[]): Column[] =>
  titles.map((title) => (title.startsWith('>') ? { title: title.slice(1), align: 'right' } : { title }))

export interface TextTableOptions {
  /** Whether to print titles and the marked row in bold with terminal escapes (default: false). */
  readonly color?: boolean
}

/** Renders a table as aligned plain text without a newline at the end. The marked row ends with '*'. */
export function textTable(table: Table, { color = false }: TextTableOptions = {}): string {
  const widths = table.columns.map((column, j) =>
    Math.max(textWidth(column.title), ...table.rows.map((row) => textWidth(oneLine(row[j] ?? '')))),
  )
  const line = (cells: readonly string[]) =>
    table.columns.map((column, j) => pad(oneLine(cells[j] ?? ''), widths[j], column.align)).join('  ')
  const bold = (text: string) => (color ? `\x1b[1m${text}\x1b[22m` : text)
  return [
    bold(line(table.columns.map((column) => column.title)).trimEnd()),
    widths.map((width) => '-'.repeat(width)).join('  '),
    ...table.rows.map((row, i) => (i === table.marked ? bold(`${line(row)} *`) : line(row).trimEnd())),
  ].join('\n')
}

/** Renders names and values as two aligned columns. Long values wrap within their column at a total width of 100. */
export function textFacts(facts: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(0, ...facts.map(([name]) => textWidth(name)))
  return facts
    .flatMap(([name, value]) =>
      wrap(oneLine(value), Math.max(40, 98 - width)).map((line, i) =>
        `${pad(i ? '' : name, width)}  ${line}`.trimEnd(),
      ),
    )
    .join('\n')
}

/** Replaces control characters from file names or data, which could move the cursor, with spaces. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern must match control characters
const oneLine = (cell: string): string => cell.replace(/[\x00-\x1f\x7f-\x9f]/g, ' ')
