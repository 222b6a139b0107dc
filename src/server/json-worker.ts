/** The thread in which large bodies of requests are parsed, started by json-thread.ts: 16 MB take a tenth of a second. */

import { answerCalls } from '../threads/calls.ts'
import { parseRequestJson } from './parse-json.ts'
import { HttpProblem } from './problem.ts'

/** A body's value, or why it is refused. */
export interface Parsed {
  readonly value?: unknown
  readonly refused?: { readonly status: number; readonly detail: string; readonly remedy?: string }
}

function parsed(body: Uint8Array): Parsed {
  try {
    return { value: parseRequestJson(body) }
  } catch (error) {
    if (!(error instanceof HttpProblem)) throw error
    const { status, detail, more } = error
    return { refused: { status, detail, remedy: more.remedy } }
  }
}

answerCalls({ parse: parsed })
