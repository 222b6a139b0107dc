import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'vitest'

const root = fileURLToPath(new URL('../../shared', import.meta.url))

/** Absolute path of a file in the folder of large reference data beside the repository. */
export const shared = (path: string): string => `${root}/${path}`

/** Real data and recorded outputs too large for the repository lie in `../shared`, on machines that have it. */
export const hasShared = existsSync(shared('reference/README.md'))

/** As `describe`; without `../shared` skips and says so, or fails where SPANFORGE_REQUIRE_SHARED is set. */
export function describeShared(name: string, body: () => void): void {
  if (hasShared) return void describe(name, body)
  if (process.env.SPANFORGE_REQUIRE_SHARED)
    throw new Error(`${name}: needs ../shared, and SPANFORGE_REQUIRE_SHARED is set`)
  console.warn(`SKIPPED (needs ../shared, which is not here): ${name}`)
  // Not even read: a body may open its files at once.
  describe.skip(name, () => void it('needs ../shared', () => {}))
}
