import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'vitest'

const root = fileURLToPath(new URL('../../shared', import.meta.url))

/** Returns the absolute path of a file in the folder of large reference data next to the repository. */
export const shared = (path: string): string => `${root}/${path}`

/**
 * Real data and recorded outputs that are too large for the repository are in `../shared`, on machines that have it.
 */
export const hasShared = existsSync(shared('reference/README.md'))

/**
 * Like `describe`. Without `../shared`, skips the tests with a message, or fails if SPANFORGE_REQUIRE_SHARED is set.
 */
export function describeShared(name: string, body: () => void): void {
  if (hasShared) return void describe(name, body)
  if (process.env.SPANFORGE_REQUIRE_SHARED)
    throw new Error(`${name}: needs ../shared, and SPANFORGE_REQUIRE_SHARED is set`)
  console.warn(`SKIPPED (needs ../shared, which is not here): ${name}`)
  // The body is not executed, because it may open files immediately.
  describe.skip(name, () => void it('needs ../shared', () => {}))
}
