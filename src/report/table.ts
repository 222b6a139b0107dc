import { pad, textWidth, wrap } from './text-width.ts'

/** `rows[i][j]` stands under `columns[j]`. `marked` is the index of a row to point out: the best epoch, for instance. */
export interface Table {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly string[])[]
  readonly marked?: number
  /** Whether a page wraps long cells, because they hold sentences. */
  readonly wrapped?: boolean
  /** Where a page leads from the first cell of each row; undefined for nowhere. */
  readonly links?: readonly (string | undefined)[]
}

export interface Column {
  readonly title: string
  /** Numbers stand to the right. Left unless it says otherwise. */
  readonly align?: 'left' | 'right'
}

/** Columns from their titles; a title that begins with '>' is aligned to the right: `columns('Epoch', '>Loss')`. */
export const columns = (...titles: string[]): Column[] =>
  titles.map((title) => (title.startsWith('>') ? { title: title.slice(1), align: 'right' } : { title }))

export interface TextTableOptions {
  /** Terminal escapes: bold titles and the marked row. Off unless asked for. */
  readonly colour?: boolean
}

/** The table as aligned plain text, a line each row, without a newline at the end. The marked row ends with '*'. */
export function textTable(table: Table, { colour = false }: TextTableOptions = {}): string {
  const widths = table.columns.map((column, j) =>
    Math.max(textWidth(column.title), ...table.rows.map((row) => textWidth(oneLine(row[j] ?? '')))),
  )
  const line = (cells: readonly string[]) =>
    table.columns.map((column, j) => pad(oneLine(cells[j] ?? ''), widths[j], column.align)).join('  ')
  const bold = (text: string) => (colour ? `\x1b[1m${text}\x1b[22m` : text)
  return [
    bold(line(table.columns.map((column) => column.title)).trimEnd()),
    widths.map((width) => '-'.repeat(width)).join('  '),
    ...table.rows.map((row, i) => (i === table.marked ? bold(`${line(row)} *`) : line(row).trimEnd())),
  ].join('\n')
}

/** Names and their values, aligned: what needs no titles. Long values go on below themselves at 100 columns. */
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

/** Control characters of a file name or a data file must not move the cursor. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const oneLine = (cell: string): string => cell.replace(/[\x00-\x1f\x7f-\x9f]/g, ' ')
