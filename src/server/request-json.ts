/** How a request's JSON is read and checked. */
import type { FastifyInstance, FastifyRequest, FastifySchemaCompiler } from 'fastify'
import { type ZodType, z } from 'zod'
import { showIssues } from '../show-value.ts'
import { JsonThread } from './json-thread.ts'
import { parseRequestJson } from './parse-json.ts'
import { HttpProblem } from './problem.ts'

/** Bytes; parsing as many takes a few milliseconds. */
const LARGE = 256 * 1024

/** Reads bodies of JSON with `parseRequestJson`; large ones in a thread, while other clients are answered. */
export function readRequestJson(app: Pick<FastifyInstance, 'addHook' | 'addContentTypeParser'>): void {
  const thread = new JsonThread()
  app.addHook('onClose', () => thread.end())
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) =>
    body.length > LARGE ? thread.parse(body) : parseRequestJson(body),
  )
}

/** Checks what a route's schema asks for; whatever is wrong becomes one bounded problem, 422. */
export const validatorCompiler: FastifySchemaCompiler<ZodType> =
  ({ schema }) =>
  (data: unknown) => {
    const { success, data: value, error } = z.safeParse(schema, data)
    return success ? { value } : { error: new HttpProblem(422, showIssues(error.issues)) }
  }
