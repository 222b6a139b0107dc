/** The starter model, which answers questions before users have trained a model of their own. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import { packageFile } from '../package-root.ts'

/** The name of the starter model wherever a model folder or hub name is expected. */
export const STARTER = 'starter'

/** Describes the starter model to people who choose between models. */
export const STARTER_ABOUT = 'answers questions about English texts'

/** Returns the folder of the starter model, whether it exists or not. */
const starterPlace = (): string => process.env.SPANFORGE_STARTER || packageFile(STARTER)

/** Returns the folder of the starter model if this installation has one. */
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
 * Whether a name is that of the starter model. A folder with this name in the working directory takes precedence,
 * unless it is the one of this package.
 */
export const isStarterName = (name: string): boolean =>
  name === STARTER && (!existsSync(name) || resolve(name) === resolve(packageFile(STARTER)))

/** Whether a name or a folder means the starter model. */
export function isStarter(nameOrFolder: string): boolean {
  const folder = starterFolder()
  if (folder === undefined) return false
  return isStarterName(nameOrFolder) || resolve(nameOrFolder) === resolve(folder)
}
