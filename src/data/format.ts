import { extname } from 'node:path'
import { DataProblem } from '../squad/data-problem.ts'

/** JSON is SQuAD's own layout, the others have a question a row. */
export type DataFormat = 'json' | 'jsonl' | 'csv' | 'parquet'

const BY_SUFFIX: Readonly<Record<string, DataFormat>> = {
  '.json': 'json',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'csv',
  '.parquet': 'parquet',
}

/** The format that a name tells, `.gz` at its end left out of account. */
export const formatOfName = (path: string): DataFormat | undefined =>
  BY_SUFFIX[extname(path.replace(/\.gz$/i, '')).toLowerCase()]

const DELIMITERS = [',', '\t', ';'] as const

/** How the fields of a CSV file are parted, by its first line; undefined where that does not name run_qa's columns. */
export function csvDelimiter(firstLine: string): string | undefined {
  return DELIMITERS.find((delimiter) => {
    const names = firstLine.split(delimiter).map((name) => name.trim().replace(/^"|"$/g, ''))
    return names.includes('question') && names.includes('context')
  })
}

/**
 * The format of a file by how it begins; its name decides only where that leaves a doubt. `head` is the beginning of the
 * text, without compression.
 * @throws DataProblem for a file that is none of them
 */
export function formatOfContent(head: string, path: string): DataFormat {
  const text = head.trimStart()
  const firstLine = text.slice(0, (text.indexOf('\n') + 1 || text.length + 1) - 1)
  if (head.startsWith('PAR1')) return 'parquet'
  if (text.startsWith('[')) return 'json'
  if (text.startsWith('{')) return isJsonLine(firstLine, path) ? 'jsonl' : 'json'
  if (csvDelimiter(firstLine)) return 'csv'
  // What is damaged is best explained by the reader of what it should have been.
  const named = text && formatOfName(path)
  if (named && named !== 'csv') return named
  const finding = text ? `begins with ${JSON.stringify(text.slice(0, 40))}` : 'the file is empty'
  throw new DataProblem('unreadable', path, finding, {
    remedy:
      'Expected SQuAD JSON, Parquet, or JSON lines or CSV whose first line names the columns: question, context and ' +
      'answer, or id, question, context and answers; gzip is fine for all of them.',
  })
}

/** A line of its own, which is a row; SQuAD's layout may stand on one line too. */
function isJsonLine(line: string, path: string): boolean {
  if (/^\{\s*"(version|data)"/.test(line)) return false
  try {
    return !('data' in JSON.parse(line))
  } catch {
    // Cut off, broken, or longer than what was looked at.
    return formatOfName(path) === 'jsonl' || /^\{[ \t]*"(id|title|question|context|answers)"/.test(line)
  }
}
