/** Parses the JSON of a request within limits on time and memory. */
import { parse } from 'secure-json-parse'
import { checkJsonBounds, type JsonBounds, JsonBoundsError } from '../../bounded-json.ts'
import { showText } from '../../show-value.ts'
import { HttpProblem } from './problem.ts'

/** Ten times what 1,000 questions with their own texts need. */
const MAX_VALUES = 100_000
/** Objects are more expensive than lists to create and to pass between threads. */
const MAX_FIELDS = 10_000
const MAX_DEPTH = 20

/**
 * Rejects JSON with too many values before parsing it, because an object with a million keys would take seconds and
 * gigabytes, and JSON that is nested too deeply before any recursive code sees it.
 * @throws HttpProblem 400 for invalid JSON or UTF-8, 422 for JSON that exceeds the limits
 */
export function parseRequestJson(body: Uint8Array): unknown {
  const text = decode(body)
  checkBounds(text, { depth: Infinity, values: MAX_VALUES, fields: MAX_FIELDS })
  const value = parseText(text)
  checkBounds(text, { depth: MAX_DEPTH })
  return value
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decode(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch (cause) {
    throw new HttpProblem(400, 'The body is not valid UTF-8.', { remedy: 'Send JSON encoded as UTF-8.', cause })
  }
}

function parseText(text: string): unknown {
  if (text === '') throw new HttpProblem(400, 'The body is empty.')
  try {
    return parse(text, null, { protoAction: 'error', constructorAction: 'error' })
  } catch (cause) {
    throw new HttpProblem(400, `The body is not valid JSON: ${showText((cause as Error).message)}`, { cause })
  }
}

function checkBounds(text: string, bounds: JsonBounds): void {
  try {
    checkJsonBounds(text, bounds)
  } catch (error) {
    if (!(error instanceof JsonBoundsError)) throw error
    throw new HttpProblem(422, `The body is too complex: ${error.summary}.`, { remedy: 'Send less per request.' })
  }
}
