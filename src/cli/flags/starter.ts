import { join } from 'node:path'
import { requireStarter, STARTER_ABOUT } from '../../checkpoint/starter-model.ts'
import type { Output } from '../terminal/output.ts'

/** The default of a model in help texts. */
export const STARTER_DEFAULT = 'the starter model, if installed'

/**
 * Returns the folder of the starter model for a command without a model, and says that it is used.
 * @throws UsageError if this installation has none
 */
export function defaultModel(command: string, output: Output): string {
  const folder = requireStarter(`${command}: no model given`)
  output.print(`No model given: using the starter model, which ${STARTER_ABOUT} (${join(folder, 'README.md')})`)
  return folder
}
