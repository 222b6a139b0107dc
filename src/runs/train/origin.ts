import { packageVersion } from '../../package-root.ts'
import type { RunOrigin } from '../../report/summary/run.ts'

/** Date, command and software versions of a run that ends now. */
export const runOrigin = (command: string | undefined): RunOrigin => ({
  ended: new Date().toISOString(),
  ...(command !== undefined && { command }),
  spanforge: packageVersion(),
  node: process.versions.node,
})
