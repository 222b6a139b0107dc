/** Worker that parses large request bodies (16 MB take about 0.1 s). Started by request-json.ts. */

import { answerCalls } from '../../threads/calls.ts'
import { parseRequestJson } from './parse-json.ts'
import { HttpProblem } from './problem.ts'

/** The parsed value, or the reason why the body was rejected. */
export interface ParsedBody {
  readonly value?: unknown
  readonly rejected?: { readonly status: number; readonly detail: string; readonly remedy?: string }
}

function parsed(body: Uint8Array): ParsedBody {
  try {
    return { value: parseRequestJson(body) }
  } catch (error) {
    if (!(error instanceof HttpProblem)) throw error
    const { status, detail, more } = error
    return { rejected: { status, detail, remedy: more.remedy } }
  }
}

answerCalls({ parse: parsed })
