import { JsonBoundsError, parseBoundedJson } from '../../bounded-json.ts'
import { showValue } from '../../show-value.ts'
import { DataProblem, type Report, reject } from './data-problem.ts'
import { jsonErrorPosition } from './json-error.ts'

/** Nesting depth of a question in the SQuAD layout: file, data, article, paragraphs, paragraph, qas. */
const BRACKETS_AROUND_QUESTION = 6

/**
 * Parses the text of a JSON file. A truncated file is reported and, if the report returns, read up to its last complete
 * question.
 * @throws DataProblem that names the line and character of the first invalid JSON, and the text before it.
 */
export function parseJson(text: string, place: string, remedy: string, report: Report = reject): unknown {
  // Windows programs write a byte-order mark, which is not valid JSON.
  const json = text.startsWith('\ufeff') ? text.slice(1) : text
  if (!json.trim()) throw new DataProblem('unreadable', place, 'the file is empty', { remedy })
  try {
    return parseBoundedJson(json)
  } catch (cause) {
    if (cause instanceof JsonBoundsError)
      throw new DataProblem('unreadable', place, `JSON ${cause.summary}`, { remedy, cause })
    const position = jsonErrorPosition(json)
    const before = json.slice(0, position)
    const where = `line ${before.split('\n').length}, character ${before.length - before.lastIndexOf('\n')}`
    const after = `(after ${showValue(before.slice(-40))})`
    if (/^-?(NaN|Infinity)\b/.test(json.slice(position, position + 10)))
      throw new DataProblem('unreadable', place, `NaN and Infinity are not JSON, at ${where} ${after}`, {
        remedy: 'Use null for a missing value, or omit the field.',
        cause,
      })
    if (position < json.length)
      throw new DataProblem('unreadable', place, `not JSON at ${where} ${after}`, { remedy, cause })
    const whole = wholePart(json)
    report(
      new DataProblem('cut_off', place, `the file is truncated at ${where} ${after}`, {
        remedy: 'Copy or download the file again.',
        correction: whole && 'read up to the last complete question',
        cause,
      }),
    )
    return whole && parseBoundedJson(whole)
  }
}

/** The usable part of a truncated file: everything up to its last complete question, with closing brackets added. */
function wholePart(json: string): string | undefined {
  let whole = 0
  let closing = ''
  jsonErrorPosition(json, (end, open) => {
    if (open.length > BRACKETS_AROUND_QUESTION || open.at(-1) !== '[') return
    whole = end
    closing = open.map((bracket) => (bracket === '[' ? ']' : '}')).join('')
  })
  return whole ? json.slice(0, whole) + [...closing].reverse().join('') : undefined
}

/** The origin of a JSON value, for errors. */
export interface JsonSource {
  readonly place: string
  /** What the whole value is: "the file", "the line", "the row". */
  readonly whole: string
  readonly remedy: string
}

/** A part of a parsed JSON file with its path, such as `data[3].paragraphs[0]`. */
export class JsonPart {
  constructor(
    readonly value: unknown,
    readonly source: JsonSource,
    readonly path = '',
  ) {}

  field(name: string): JsonPart {
    const { value } = this
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.unexpected('an object {...}')
    return new JsonPart(
      (value as Record<string, unknown>)[name],
      this.source,
      this.path ? `${this.path}.${name}` : name,
    )
  }

  /** Returns a part with another value at the same position. */
  as(value: unknown, path = this.path): JsonPart {
    return new JsonPart(value, this.source, path)
  }

  items(): JsonPart[] {
    if (!Array.isArray(this.value)) throw this.unexpected('an array [...]')
    return this.value.map((item, i) => new JsonPart(item, this.source, `${this.path}[${i}]`))
  }

  string(): string {
    if (typeof this.value !== 'string') throw this.unexpected('a string "..."')
    return this.value
  }

  /** Reads an integer of at least 0, or text such as 13.0 from pandas. `correction` describes the fix for other values. */
  count(correction?: string): number {
    const value =
      typeof this.value === 'string' && /^\s*\d+(\.0*)?\s*$/.test(this.value) ? Number(this.value) : this.value
    if (!Number.isSafeInteger(value) || (value as number) < 0)
      throw this.unexpected('an integer of at least 0', correction)
    return value as number
  }

  unexpected(expected: string, correction?: string): DataProblem {
    const { place, whole, remedy } = this.source
    const finding = `${this.path || whole} is ${this.value === undefined ? 'missing' : showValue(this.value, 60)}; expected ${expected}`
    return new DataProblem('layout', place, finding, { remedy, correction })
  }
}
