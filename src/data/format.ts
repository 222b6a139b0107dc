import { extname } from 'node:path'
import { showValue } from '../show-value.ts'
import { findColumns, HEADER_ROWS, namesQuestions } from '../squad/reading/columns.ts'
import { DataProblem } from '../squad/reading/data-problem.ts'

/** JSON is SQuAD's own layout, the others have a question a row. */
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

/** The format that a name says, whether or not `.gz` follows. */
export const formatOfName = (path: string): DataFormat | undefined =>
  BY_SUFFIX[extname(path.replace(/\.gz$/i, '')).toLowerCase()]

/** How the fields of a CSV file are separated, and on which line, from 1, it names its columns. */
export interface CsvDialect {
  readonly delimiter: string
  readonly firstLine: number
  /** What ends a row: a line feed, with or without a carriage return, or a carriage return alone. */
  readonly newlines: readonly string[]
}

const DELIMITERS = [',', '\t', ';', '|'] as const

const newlinesOf = (head: string): readonly string[] => (/\r\n?|\n/.exec(head)?.[0] === '\r' ? ['\r'] : ['\r\n', '\n'])

/**
 * The dialect of a CSV file by its first lines: Excel's `sep=;`, or the delimiter with which the header names the most
 * columns that are known. Undefined if no line names the question or the context.
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

/** How many columns of questions a line names; none where neither question nor context is among them. */
function knownFields(line: string, delimiter: string): number {
  const names = fieldsOf(line, delimiter)
  const columns = findColumns(names)
  const isNamed = names.length > 1 && (columns.question !== undefined || columns.context !== undefined)
  return isNamed ? Object.keys(columns).length : 0
}

/** A file that is named as CSV but has none of the columns: to name those that it has. */
function likelyDialect(head: string): CsvDialect {
  const line = head.replace(/^\ufeff/, '').split(/[\r\n]/, 1)[0]
  const counts = DELIMITERS.map((delimiter) => ({ delimiter, count: line.split(delimiter).length }))
  return { delimiter: counts.sort((a, b) => b.count - a.count)[0].delimiter, firstLine: 1, newlines: newlinesOf(head) }
}

export const dialectOf = (head: string): CsvDialect => csvDialect(head) ?? likelyDialect(head)

/**
 * The format of a text file, Parquet or Arrow by how it begins; its name decides only where that leaves a doubt. `head`
 * is the beginning of the text, without compression.
 * @throws DataProblem for a file that is none of them
 */
export function formatOfContent(head: string, path: string): DataFormat {
  const text = head.trimStart()
  const firstLine = text.slice(0, (text.indexOf('\n') + 1 || text.length + 1) - 1)
  if (head.startsWith('PAR1')) return 'parquet'
  if (text.startsWith('[')) return 'json'
  if (text.startsWith('{')) return isJsonLine(firstLine, text, path) ? 'jsonl' : 'json'
  if (csvDialect(head)) return 'csv'
  // What is damaged is best explained by the reader of what it should have been.
  const named = text && formatOfName(path)
  if (named && named !== 'xlsx' && named !== 'arrow') return named
  const finding = text ? `begins with ${showValue(text, 40)}` : 'the file is empty'
  throw new DataProblem('unreadable', path, finding, {
    remedy:
      'Expected SQuAD JSON, Parquet, Arrow, an Excel workbook (.xlsx), or JSON lines or CSV whose first line names the ' +
      'columns: question, context and answer, or id, question, context and answers. Any of them may be gzipped.',
  })
}

/** A line of its own that is a row, with others after it; a whole JSON file may be on one line too. */
function isJsonLine(line: string, text: string, path: string): boolean {
  if (/^\{\s*"(version|data)"/.test(line)) return false
  try {
    const value = JSON.parse(line)
    if ('data' in value) return false
    return formatOfName(path) === 'jsonl' || text.slice(line.length).trim() !== ''
  } catch {
    // Cut off, broken, or longer than what was looked at.
    return (
      formatOfName(path) === 'jsonl' ||
      (formatOfName(path) !== 'json' && /^\{[ \t]*"(id|title|question|context|answers)"/.test(line))
    )
  }
}
