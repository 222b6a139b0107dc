import { pipeline, Readable } from 'node:stream'
import { type CsvError, parse } from 'csv-parse'
import { EXPECTED_COLUMNS } from '../../squad/reading/columns.ts'
import { DataProblem, type Report } from '../../squad/reading/data-problem.ts'
import type { CsvDialect } from '../format.ts'
import type { TableRow } from './table.ts'

interface ParsedRow {
  readonly record: readonly string[]
  readonly info: { readonly lines: number }
}

/** Yields the rows of a CSV file, including the header. Malformed rows are reported. */
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
    // Half of V8's maximum string length. An unclosed quotation mark would otherwise consume the rest of the file.
    max_record_size: 2 ** 28,
    record_delimiter: [...newlines],
    // Allows quotation marks inside an unquoted field, such as: 5" nail.
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error) => void (error && skipped.push(error)),
  })
  // Errors of the text stream reach the caller through the parser.
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

/** Creates the problem for a malformed row. `line` is the last line of the last valid row. */
const broken = ({ code, message }: CsvError, path: string, line: number): DataProblem =>
  code === 'CSV_QUOTE_NOT_CLOSED'
    ? new DataProblem('layout', `${path}: the row that starts at line ${line + 1}`, 'unclosed quotation mark', {
        remedy: 'Close the quotation mark. Inside a quoted field, write quotation marks twice ("").',
      })
    : new DataProblem('layout', path, `not CSV (${message})`, { remedy: EXPECTED_COLUMNS })
