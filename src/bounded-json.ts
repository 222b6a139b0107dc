import { SpanforgeError } from './errors.ts'

export interface JsonBounds {
  /** Maximum nesting depth of objects and lists. */
  readonly depth?: number
  /** Maximum number of values: objects, lists, and their items and fields. */
  readonly values?: number
  /** Maximum number of fields of all objects. */
  readonly fields?: number
}

/** Deeper than any file of spanforge or transformers. Recursion over deeper values would overflow the stack. */
const MAX_DEPTH = 100

/** Valid JSON that exceeds the bounds. */
export class JsonBoundsError extends SpanforgeError {}

/**
 * `JSON.parse` for text from untrusted sources. The result can safely be traversed, copied and serialized.
 * @throws JsonBoundsError if the text exceeds the bounds, before it is parsed
 * @throws SyntaxError if the text is not valid JSON
 */
export function parseBoundedJson(text: string, bounds: JsonBounds = {}): unknown {
  checkJsonBounds(text, bounds)
  return JSON.parse(text)
}

/** Does not check whether the text is valid JSON. @throws JsonBoundsError if the text exceeds the bounds */
export function checkJsonBounds(
  text: string,
  { depth: maxDepth = MAX_DEPTH, values: maxValues = Infinity, fields: maxFields = Infinity }: JsonBounds = {},
): void {
  let depth = 0
  let values = 0
  let fields = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at)
        break
      case OPEN_BRACKET:
      case OPEN_BRACE:
        if (++depth > maxDepth) throw new JsonBoundsError(`nested deeper than ${maxDepth} levels`)
        values++
        break
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        depth--
        break
      case COMMA:
        values++
        break
      case COLON:
        fields++
    }
    if (fields > maxFields) throw new JsonBoundsError(`more than ${maxFields.toLocaleString('en-US')} fields`)
    if (values > maxValues) throw new JsonBoundsError(`more than ${maxValues.toLocaleString('en-US')} values`)
  }
}

/** Returns the index of the quote that ends the string starting at `start`, or the length of the text. */
export function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return text.length
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
