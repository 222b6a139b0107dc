import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Absolute path of a file of this package, such as `package.json`: one folder up, from src/ and from dist/ alike. */
export const packageFile = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** The version of this package. */
export const packageVersion = (): string => JSON.parse(readFileSync(packageFile('package.json'), 'utf8')).version
