import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Returns the absolute path of a file in this package, such as `package.json`. The root is the parent folder of both
 * src/ and dist/.
 */
export const packageFile = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** The version of this package. */
export const packageVersion = (): string => JSON.parse(readFileSync(packageFile('package.json'), 'utf8')).version
