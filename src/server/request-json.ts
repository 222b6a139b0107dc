/** How a request's JSON is read and checked, at a cost that its limits bound. */
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import { type ZodType, z } from 'zod'
import { checkJsonBounds, type JsonBounds, JsonBoundsError } from '../bounded-json.ts'
import { showIssues } from '../show-value.ts'
import { Problem } from './problem.ts'

/** 1,000 questions, each with its own texts, have a tenth of it. */
const MAX_VALUES = 100_000
const MAX_DEPTH = 20

/**
 * Refuses JSON of too many values before it is parsed (an object of a million keys within the size limit would keep
 * every other client waiting), and JSON that is nested too deeply before anything walks through it.
 */
export function boundRequestJson(app: Pick<FastifyInstance, 'getDefaultJsonParser' | 'addContentTypeParser'>): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    const tooMany = boundsFault(body, { depth: Infinity, values: MAX_VALUES })
    if (tooMany) done(tooMany)
    else
      parse(request, body, (error: Error | null, value?: unknown) => {
        const fault = error ?? boundsFault(body, { depth: MAX_DEPTH })
        if (fault) done(fault)
        else done(null, value)
      })
  })
}

function boundsFault(body: string, bounds: JsonBounds): Problem | undefined {
  try {
    checkJsonBounds(body, bounds)
    return undefined
  } catch (error) {
    if (!(error instanceof JsonBoundsError)) throw error
    return new Problem(422, `The body is too complex: ${error.summary}.`, { remedy: 'Send less at a time.' })
  }
}

/** Checks what a route's schema asks for; whatever is wrong becomes one bounded problem, 422. */
export const validatorCompiler: FastifySchemaCompiler<ZodType> =
  ({ schema }) =>
  (data: unknown) => {
    const { success, data: value, error } = z.safeParse(schema, data)
    return success ? { value } : { error: new Problem(422, showIssues(error.issues)) }
  }
