/** From the bytes of a request to the value of its JSON, at a cost that its limits bound. */
import { parse } from 'secure-json-parse'
import { checkJsonBounds, type JsonBounds, JsonBoundsError } from '../bounded-json.ts'
import { showText } from '../show-value.ts'
import { HttpProblem } from './problem.ts'

/** 1,000 questions, each with its own texts, have a tenth of it. */
const MAX_VALUES = 100_000
/** Objects cost more to make and to hand from thread to thread than lists. */
const MAX_FIELDS = 10_000
const MAX_DEPTH = 20

/**
 * Refuses JSON of too many values before it is parsed, because an object of a million keys would take gigabytes and
 * seconds, and JSON that is nested too deeply before anything walks through it.
 * @throws Problem 400 for what is not JSON in UTF-8, 422 for JSON above the bounds
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
    throw new HttpProblem(422, `The body is too complex: ${error.summary}.`, { remedy: 'Send less at a time.' })
  }
}
