import { pipeline, Readable } from 'node:stream'
import { type CsvError, parse } from 'csv-parse'
import { EXPECTED_COLUMNS } from '../squad/reading/columns.ts'
import { DataProblem, type Report } from '../squad/reading/data-problem.ts'
import type { CsvDialect } from './format.ts'
import type { TableRow } from './table.ts'

interface ParsedRow {
  readonly record: readonly string[]
  readonly info: { readonly lines: number }
}

/** The rows of a CSV file, the names of the columns among them. Rows that are broken are reported. */
export async function* csvRows(
  text: AsyncIterable<string>,
  { delimiter, firstLine, newlines }: CsvDialect,
  path: string,
  report: Report,
): AsyncGenerator<TableRow> {
  const skipped: CsvError[] = []
  let line = firstLine - 1
  const parser = parse({
    bom: true,
    delimiter,
    from_line: firstLine,
    info: true,
    relax_column_count: true,
    // Half of the longest string that V8 can hold: a quote that is never closed takes the rest of the file.
    max_record_size: 2 ** 28,
    record_delimiter: [...newlines],
    // A quotation mark inside a field that does not begin with one is a character like any other: 5" nail.
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error) => void (error && skipped.push(error)),
  })
  // An error of the text comes out of the parser.
  const rows: AsyncIterable<ParsedRow> = pipeline(Readable.from(text), parser, () => {})
  const reportSkipped = () => {
    for (const error of skipped.splice(0)) report(broken(error, path, line))
  }
  try {
    for await (const { record, info } of rows) {
      reportSkipped()
      line = info.lines
      yield { cells: record, place: `${path}: the row that ends at line ${info.lines}` }
    }
  } catch (error) {
    throw (error as CsvError).code?.startsWith?.('CSV_') ? broken(error as CsvError, path, line) : error
  }
  reportSkipped()
}

/** `line` is the last line of the last row that could be read. */
const broken = ({ code, message }: CsvError, path: string, line: number): DataProblem =>
  code === 'CSV_QUOTE_NOT_CLOSED'
    ? new DataProblem(
        'layout',
        `${path}: the row that begins at line ${line + 1}`,
        'a quotation mark is never closed',
        { remedy: 'Close it. Inside a field in quotation marks, write a quotation mark twice ("").' },
      )
    : new DataProblem('layout', path, `not CSV (${message})`, { remedy: EXPECTED_COLUMNS })
