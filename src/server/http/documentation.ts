import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { packageVersion } from '../../package-root.ts'
import type { HttpApp } from './app.ts'

/** Content security policy of /docs: Swagger UI needs inline styles, but loads nothing from other servers. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export interface ApiFacts {
  readonly title: string
  readonly description: string
  readonly tags: readonly string[]
  readonly requiresToken: boolean
}

/** Serves /openapi.json and /docs for the routes that are added afterwards. */
export async function documentation(
  app: HttpApp,
  { title, description, tags, requiresToken }: ApiFacts,
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, version: packageVersion(), description },
      tags: tags.map((name) => ({ name })),
      ...(requiresToken && {
        components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
        security: [{ token: [] }],
      }),
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    transformStaticCSP: () => DOCS_POLICY,
    uiConfig: { layout: 'BaseLayout' },
  })
}
