/** Reads and validates the JSON of requests. */
import type { FastifyInstance, FastifyRequest, FastifySchemaCompiler } from 'fastify'
import { type ZodType, z } from 'zod'
import { showIssues } from '../../show-value.ts'
import { startWorker, Thread } from '../../threads/calls.ts'
import type { ParsedBody } from './json-worker.ts'
import { parseRequestJson } from './parse-json.ts'
import { HttpProblem } from './problem.ts'

/** Body size in bytes above which JSON is parsed in a thread, because it takes more than a few milliseconds. */
const LARGE = 256 * 1024

/** Parses JSON bodies with `parseRequestJson`, large ones in a thread so that other clients do not have to wait. */
export function readRequestJson(app: Pick<FastifyInstance, 'addHook' | 'addContentTypeParser'>): void {
  const thread = new JsonThread()
  app.addHook('onClose', () => thread.end())
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) =>
    body.length > LARGE ? thread.parse(body) : parseRequestJson(body),
  )
}

/** Validates requests with zod. All issues are combined into one problem 422 of limited length. */
export const validatorCompiler: FastifySchemaCompiler<ZodType> =
  ({ schema }) =>
  (data: unknown) => {
    const { success, data: value, error } = z.safeParse(schema, data)
    return success ? { value } : { error: new HttpProblem(422, showIssues(error.issues)) }
  }

/** Parses large request bodies in a thread, which starts with the first one. */
export class JsonThread {
  private thread: Thread | undefined

  /** @throws HttpProblem for the same reasons as `parseRequestJson` */
  async parse(body: Uint8Array): Promise<unknown> {
    if (!this.thread?.isAlive) this.thread = new Thread(startWorker(import.meta.url, './json-worker', undefined))
    const { value, rejected } = await this.thread.call<ParsedBody>('parse', body)
    if (rejected) throw new HttpProblem(rejected.status, rejected.detail, { remedy: rejected.remedy })
    return value
  }

  async end(): Promise<void> {
    await this.thread?.end()
  }
}
