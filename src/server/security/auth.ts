import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { HttpProblem } from '../http/problem.ts'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/**
 * Creates a hook that rejects requests without `Authorization: Bearer TOKEN` for one of the tokens. It compares digests
 * in constant time, which prevents timing attacks.
 */
export function bearerTokens(tokens: readonly string[]) {
  const known = tokens.map(digest)
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
    const sent = digest(token ?? '')
    const matches = known.flatMap((one, index) => (timingSafeEqual(one, sent) ? [index] : []))
    if (token !== undefined && matches.length > 0) {
      request.client += ` ${matches[0]}`
      return
    }
    reply.header('www-authenticate', token === undefined ? 'Bearer' : 'Bearer error="invalid_token"')
    throw new HttpProblem(401, token === undefined ? 'This server requires a token.' : 'The token is invalid.', {
      remedy: 'Send the header "Authorization: Bearer TOKEN".',
    })
  }
}
