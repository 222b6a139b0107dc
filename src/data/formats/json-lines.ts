import { JsonBoundsError, parseBoundedJson } from '../../bounded-json.ts'
import { showValue } from '../../show-value.ts'
import { columnFinder } from '../../squad/reading/columns.ts'
import { DataProblem, orReport, type Report } from '../../squad/reading/data-problem.ts'
import { jsonErrorPosition } from '../../squad/reading/json-error.ts'
import { JsonPart } from '../../squad/reading/json-text.ts'
import type { QuestionRecord } from '../../squad/reading/read-question.ts'
import { ROW_LAYOUT, rowRecord } from '../../squad/reading/row-record.ts'

/** Yields the questions of a JSON lines file. Empty lines are skipped, and malformed lines are reported. */
export async function* jsonLineRecords(
  text: AsyncIterable<string>,
  path: string,
  report: Report,
  mayLack?: readonly string[],
): AsyncGenerator<QuestionRecord> {
  const columnsOf = columnFinder()
  for await (const { line, number } of linesOf(text, path)) {
    if (!line.trim()) continue
    const place = `${path}: line ${number}`
    const record = orReport(report, () => {
      const part = new JsonPart(parseLine(line, place), { place, whole: 'the line', remedy: ROW_LAYOUT })
      const { value } = part
      const columns = typeof value === 'object' && value !== null ? columnsOf(value) : {}
      return rowRecord(part, { place, columns, report, mayLack })
    })
    if (record) yield record
  }
}

/** Maximum length of a line: half of V8's maximum string length. */
export const MAX_LINE = 2 ** 28

const LINE_TOO_LONG = `longer than ${MAX_LINE.toLocaleString('en-US')} characters`

function parseLine(line: string, place: string): unknown {
  try {
    return parseBoundedJson(line)
  } catch (cause) {
    if (cause instanceof JsonBoundsError)
      throw new DataProblem('layout', place, `JSON ${cause.summary}`, { remedy: ROW_LAYOUT, cause })
    const position = jsonErrorPosition(line)
    const cutOff = position === line.length
    if (/^\s*\{\s*'/.test(line))
      throw new DataProblem('layout', place, `${showValue(line, 60)} is in Python's notation, not JSON`, {
        remedy: "Write each line with Python's json.dumps(row), not str(row) or print(row).",
        cause,
      })
    if (/^-?(NaN|Infinity)\b/.test(line.slice(position)))
      throw new DataProblem('layout', place, `NaN and Infinity are not JSON (character ${position + 1})`, {
        remedy: 'Use null for a missing value, or omit the field.',
        cause,
      })
    const where = `character ${position + 1} (after ${showValue(line.slice(0, position).slice(-40))})`
    const finding = cutOff ? `the line is truncated at ${where}` : `not JSON at ${where}`
    throw new DataProblem(cutOff ? 'cut_off' : 'layout', place, finding, { remedy: ROW_LAYOUT, cause })
  }
}

async function* linesOf(text: AsyncIterable<string>, path: string): AsyncGenerator<{ line: string; number: number }> {
  let number = 1
  let pieces: string[] = []
  let length = 0
  for await (const chunk of text) {
    let from = 0
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
      pieces.push(chunk.slice(from, end))
      yield { line: pieces.join(''), number }
      number++
      pieces = []
      length = 0
      from = end + 1
    }
    pieces.push(chunk.slice(from))
    length += chunk.length - from
    if (length > MAX_LINE)
      throw new DataProblem('unreadable', `${path}: line ${number}`, LINE_TOO_LONG, { remedy: ROW_LAYOUT })
  }
  yield { line: pieces.join(''), number }
}
