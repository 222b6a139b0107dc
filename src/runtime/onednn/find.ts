import { join } from 'node:path'
import { SpanforgeError } from '../../errors.ts'
import {
  type FoundLibrary,
  firstLibrary,
  LINUX_FOLDERS,
  pythonEnvironments,
  type Surroundings,
  surroundings as surroundingsOf,
  systemFolders,
} from '../../native/find-library.ts'

/** The C API of oneDNN 3 is stable under this name. */
const LIBRARY = /^libdnnl\.so\.3(\.\d+)*$/

/**
 * Finds oneDNN's library: in ONEDNN_DIR if it is set, otherwise in a Python environment, where the package
 * onednn-cpu-gomp installs it, otherwise in the system.
 * @throws SpanforgeError if ONEDNN_DIR is set but does not contain the library
 */
export function findOneDnn(surroundings: Surroundings = surroundingsOf(LINUX_FOLDERS)): FoundLibrary | undefined {
  const { ONEDNN_DIR } = surroundings.env
  if (ONEDNN_DIR) {
    const file = firstLibrary(
      ['', 'lib', 'lib64'].map((within) => join(ONEDNN_DIR, within)),
      LIBRARY,
    )
    if (file) return { file, source: 'ONEDNN_DIR' }
    throw new SpanforgeError(`ONEDNN_DIR: libdnnl.so.3 was not found in ${ONEDNN_DIR}`, {
      remedy: 'Set it to the folder of the library (or to one whose lib/ contains it), or unset it.',
    })
  }
  const wheel = firstLibrary(
    pythonEnvironments(surroundings).map((environment) => join(environment, 'lib')),
    LIBRARY,
  )
  if (wheel) return { file: wheel, source: 'Python wheel' }
  const system = firstLibrary(systemFolders(surroundings), LIBRARY)
  return system === undefined ? undefined : { file: system, source: 'system library' }
}
