/** The starter model, which answers questions before one has a model of one's own. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import { packageFile } from '../package-root.ts'

/** The name of the starter model wherever a model folder or hub name is expected. */
export const STARTER = 'starter'

/** What the starter model can do, for people who choose between models. */
export const STARTER_ABOUT = 'answers questions about English texts'

/** Where the starter model is, or would be. */
const starterPlace = (): string => process.env.SPANFORGE_STARTER || packageFile(STARTER)

/** The folder of the starter model, if this installation has one. */
export function starterFolder(): string | undefined {
  const place = starterPlace()
  return existsSync(join(place, 'config.json')) ? place : undefined
}

/**
 * Returns the folder of the starter model.
 * @throws UsageError, which begins with `lacking`, if this installation has none
 */
export function requireStarter(lacking: string): string {
  const folder = starterFolder()
  if (folder !== undefined) return folder
  throw new UsageError(
    `${lacking}, and this installation has no starter model (expected in ${starterPlace()})`,
    'Name a model: a folder that "spanforge train" wrote, or a model on the hub such as deepset/minilm-uncased-squad2.',
  )
}

/**
 * Whether a name is that of the starter model. A folder of this name in the working directory comes first, unless it is the
 * one of this package.
 */
export const isStarterName = (name: string): boolean =>
  name === STARTER && (!existsSync(name) || resolve(name) === resolve(packageFile(STARTER)))

/** Whether a name or a folder means the starter model. */
export function isStarter(nameOrFolder: string): boolean {
  const folder = starterFolder()
  if (folder === undefined) return false
  return isStarterName(nameOrFolder) || resolve(nameOrFolder) === resolve(folder)
}
