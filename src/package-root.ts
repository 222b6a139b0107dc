import { fileURLToPath } from 'node:url'

/** Absolute path of a file of this package, such as `package.json`: one folder up, from src/ and from dist/ alike. */
export const packageFile = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
