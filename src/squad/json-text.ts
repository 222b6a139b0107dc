import { SpanforgeError } from '../errors.ts'
import { jsonErrorPosition } from './json-error.ts'

/**
 * Parses the text of a JSON file.
 * @throws SpanforgeError that says at which line and character it stops being JSON, and what stands there.
 */
export function parseJson(text: string, place: string): unknown {
  // A byte-order mark is not JSON, but Windows programs write it.
  const json = text.startsWith('\ufeff') ? text.slice(1) : text
  if (!json.trim()) throw new SpanforgeError(`${place}: the file is empty`, { remedy: REMEDY })
  try {
    return JSON.parse(json)
  } catch (error) {
    const position = jsonErrorPosition(json)
    const cutOff = position === json.length
    const before = json.slice(0, position)
    const line = before.split('\n').length
    const character = before.length - before.lastIndexOf('\n')
    const where = `line ${line}, character ${character}`
    const what = cutOff ? `the file ends in the middle, at ${where}` : `not JSON at ${where}`
    throw new SpanforgeError(`${place}: ${what} (after ${JSON.stringify(before.slice(-40))})`, {
      remedy: cutOff ? 'It was cut off when it was copied or downloaded: fetch it again.' : REMEDY,
      cause: error,
    })
  }
}

const REMEDY = 'Expected a JSON file in the layout of SQuAD: {"data": [{"paragraphs": [{"context", "qas"}]}]}.'

/** A part of a parsed JSON file that knows where it stands, such as `data[3].paragraphs[0]`. */
export class JsonPart {
  constructor(
    readonly value: unknown,
    readonly file: string,
    readonly path: string,
  ) {}

  field(name: string): JsonPart {
    const { value } = this
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#unexpected('an object {...}')
    return new JsonPart((value as Record<string, unknown>)[name], this.file, this.path ? `${this.path}.${name}` : name)
  }

  items(): JsonPart[] {
    if (!Array.isArray(this.value)) throw this.#unexpected('a list [...]')
    return this.value.map((item, i) => new JsonPart(item, this.file, `${this.path}[${i}]`))
  }

  string(): string {
    if (typeof this.value !== 'string') throw this.#unexpected('a text "..."')
    return this.value
  }

  /** A whole number from 0. */
  count(): number {
    if (!Number.isSafeInteger(this.value) || (this.value as number) < 0) throw this.#unexpected('a whole number from 0')
    return this.value as number
  }

  #unexpected(expected: string): SpanforgeError {
    const found = this.value === undefined ? 'missing' : clipped(JSON.stringify(this.value))
    return new SpanforgeError(`${this.file}: ${this.path || 'the whole file'} is ${found}; expected ${expected}`, {
      remedy: REMEDY,
    })
  }
}

const clipped = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text)
