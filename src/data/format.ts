import { extname } from 'node:path'
import { showValue } from '../show-value.ts'
import { findColumns, HEADER_ROWS, namesQuestions } from '../squad/reading/columns.ts'
import { DataProblem } from '../squad/reading/data-problem.ts'

/** A data format. JSON means the layout of SQuAD; the other formats have one question per row. */
export type DataFormat = 'json' | 'jsonl' | 'csv' | 'parquet' | 'xlsx' | 'arrow'

const BY_SUFFIX: Readonly<Record<string, DataFormat>> = {
  '.json': 'json',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'csv',
  '.parquet': 'parquet',
  '.xlsx': 'xlsx',
  '.arrow': 'arrow',
}

/** Determines the format from a file name, ignoring a trailing `.gz`. */
export const formatOfName = (path: string): DataFormat | undefined =>
  BY_SUFFIX[extname(path.replace(/\.gz$/i, '')).toLowerCase()]

/** How a CSV file is delimited, and the line of its header, counted from 1. */
export interface CsvDialect {
  readonly delimiter: string
  readonly firstLine: number
  /** Row endings: line feeds with or without carriage returns, or carriage returns alone. */
  readonly newlines: readonly string[]
}

const DELIMITERS = [',', '\t', ';', '|'] as const

const newlinesOf = (head: string): readonly string[] => (/\r\n?|\n/.exec(head)?.[0] === '\r' ? ['\r'] : ['\r\n', '\n'])

/**
 * Determines the dialect of a CSV file from its first lines: Excel's `sep=;`, or the delimiter that yields the most
 * known columns in the header. Undefined if no line names a question or context column.
 */
export function csvDialect(head: string): CsvDialect | undefined {
  const [first, ...others] = head.replace(/^\ufeff/, '').split(/\r\n?|\n/)
  const newlines = newlinesOf(head)
  const separator = /^"?sep=(.)"?,*$/i.exec(first)?.[1]
  if (separator) return { delimiter: separator, firstLine: 1 + 1 + others.findIndex((line) => line.trim()), newlines }
  const header = [first, ...others].slice(0, HEADER_ROWS).find(isHeader) ?? first
  const known = DELIMITERS.map((delimiter) => ({ delimiter, fields: knownFields(header, delimiter) }))
  const [best] = known.sort((a, b) => b.fields - a.fields)
  return best.fields > 0 ? { delimiter: best.delimiter, firstLine: 1, newlines } : undefined
}

const isHeader = (line: string): boolean => DELIMITERS.some((delimiter) => namesQuestions(fieldsOf(line, delimiter)))

const fieldsOf = (line: string, delimiter: string): string[] =>
  line.split(delimiter).map((name) => name.trim().replace(/^"|"$/g, ''))

/** Number of known columns in a line; 0 if neither question nor context is among them. */
function knownFields(line: string, delimiter: string): number {
  const names = fieldsOf(line, delimiter)
  const columns = findColumns(names)
  const isNamed = names.length > 1 && (columns.question !== undefined || columns.context !== undefined)
  return isNamed ? Object.keys(columns).length : 0
}

/** Guesses the dialect of a CSV file without known columns, so that an error can list the columns it has. */
function likelyDialect(head: string): CsvDialect {
  const line = head.replace(/^\ufeff/, '').split(/[\r\n]/, 1)[0]
  const counts = DELIMITERS.map((delimiter) => ({ delimiter, count: line.split(delimiter).length }))
  return { delimiter: counts.sort((a, b) => b.count - a.count)[0].delimiter, firstLine: 1, newlines: newlinesOf(head) }
}

export const dialectOf = (head: string): CsvDialect => csvDialect(head) ?? likelyDialect(head)

/**
 * Determines the format of a file from its content; its name only decides ambiguous cases. `head` is the start of the
 * uncompressed content.
 * @throws DataProblem for an unsupported format
 */
export function formatOfContent(head: string, path: string): DataFormat {
  const text = head.trimStart()
  const firstLine = text.slice(0, (text.indexOf('\n') + 1 || text.length + 1) - 1)
  if (head.startsWith('PAR1')) return 'parquet'
  if (text.startsWith('[')) return 'json'
  if (text.startsWith('{')) return isJsonLine(firstLine, text, path) ? 'jsonl' : 'json'
  if (csvDialect(head)) return 'csv'
  // For a corrupted file, the reader of the intended format gives the best error.
  const named = text && formatOfName(path)
  if (named && named !== 'xlsx' && named !== 'arrow') return named
  const finding = text ? `unknown format, starts with ${showValue(text, 40)}` : 'the file is empty'
  throw new DataProblem('unreadable', path, finding, {
    remedy:
      'Expected SQuAD JSON, Parquet, Arrow, an Excel workbook (.xlsx), or JSON lines or CSV whose first line names the ' +
      'columns: question, context and answer, or id, question, context and answers. Any of them may be gzipped.',
  })
}

/** Whether the first line is a row of JSON lines. A JSON file can also be on a single line. */
function isJsonLine(line: string, text: string, path: string): boolean {
  if (/^\{\s*"(version|data)"/.test(line)) return false
  try {
    const value = JSON.parse(line)
    if ('data' in value) return false
    return formatOfName(path) === 'jsonl' || text.slice(line.length).trim() !== ''
  } catch {
    // The line is truncated, malformed, or longer than `head`.
    return (
      formatOfName(path) === 'jsonl' ||
      (formatOfName(path) !== 'json' && /^\{[ \t]*"(id|title|question|context|answers)"/.test(line))
    )
  }
}
