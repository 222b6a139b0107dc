import { SpanforgeError } from './errors.ts'

export interface JsonBounds {
  /** Brackets within brackets. */
  readonly depth?: number
  /** Objects, lists and their items and fields, counted together. */
  readonly values?: number
  /** Fields of all objects together. */
  readonly fields?: number
}

/** No file of ours or of transformers comes near; walking through deeper values by recursion overflows the stack. */
const MAX_DEPTH = 100

/** JSON that is valid, but that would cost more than it is allowed to. */
export class JsonBoundsError extends SpanforgeError {}

/**
 * `JSON.parse` for text from untrusted sources: what comes out can be walked through, copied and written again.
 * @throws JsonBoundsError for text above the bounds, before anything is made of it; SyntaxError as JSON.parse does
 */
export function parseBoundedJson(text: string, bounds: JsonBounds = {}): unknown {
  checkJsonBounds(text, bounds)
  return JSON.parse(text)
}

/** @throws JsonBoundsError for text above the bounds. Whether it is JSON at all is not asked. */
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

/** Index of the quote that ends the string beginning at `start`, or of the end of the text. */
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
