import { JsonBoundsError, parseBoundedJson } from '../../bounded-json.ts'
import { showValue } from '../../show-value.ts'
import { DataProblem, type Report, refuse } from './data-problem.ts'
import { jsonErrorPosition } from './json-error.ts'

/** Brackets around a question in SQuAD's layout: file, data, article, paragraphs, paragraph, qas. */
const BRACKETS_AROUND_QUESTION = 6

/**
 * Parses the text of a JSON file. One that is cut off is reported and, where the report returns, read as far as its last
 * whole question.
 * @throws DataProblem that says at which line and character it stops being JSON, and what stands there.
 */
export function parseJson(text: string, place: string, remedy: string, report: Report = refuse): unknown {
  // A byte-order mark is not JSON, but Windows programs write it.
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
        remedy: 'Write null for a missing value, or leave the field out.',
        cause,
      })
    if (position < json.length)
      throw new DataProblem('unreadable', place, `not JSON at ${where} ${after}`, { remedy, cause })
    const whole = wholePart(json)
    report(
      new DataProblem('cut_off', place, `the file ends in the middle, at ${where} ${after}`, {
        remedy: 'It was cut off when it was copied or downloaded: fetch it again.',
        mended: whole && 'read as far as the last whole question',
        cause,
      }),
    )
    return whole && parseBoundedJson(whole)
  }
}

/** What a file that is cut off still holds: all to the end of its last whole question, the brackets around it closed. */
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

/** Where a JSON value comes from, and what was expected there. */
export interface JsonSource {
  readonly place: string
  /** What the value is as a whole: the file, a line of it, a row. */
  readonly whole: string
  readonly remedy: string
}

/** A part of a parsed JSON file that knows where it stands, such as `data[3].paragraphs[0]`. */
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

  /** Another value in the place of this one. */
  as(value: unknown, path = this.path): JsonPart {
    return new JsonPart(value, this.source, path)
  }

  items(): JsonPart[] {
    if (!Array.isArray(this.value)) throw this.unexpected('a list [...]')
    return this.value.map((item, i) => new JsonPart(item, this.source, `${this.path}[${i}]`))
  }

  string(): string {
    if (typeof this.value !== 'string') throw this.unexpected('a text "..."')
    return this.value
  }

  /** A whole number from 0, or the text of one: pandas writes 13.0. `mended` is what a corrected copy has otherwise. */
  count(mended?: string): number {
    const value =
      typeof this.value === 'string' && /^\s*\d+(\.0*)?\s*$/.test(this.value) ? Number(this.value) : this.value
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw this.unexpected('a whole number from 0', mended)
    return value as number
  }

  unexpected(expected: string, mended?: string): DataProblem {
    const { place, whole, remedy } = this.source
    const finding = `${this.path || whole} is ${this.value === undefined ? 'missing' : showValue(this.value, 60)}; expected ${expected}`
    return new DataProblem('layout', place, finding, { remedy, mended })
  }
}
