import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { SpanforgeError } from '../../errors.ts'
import {
  type FoundLibrary,
  firstLibrary,
  LINUX_FOLDERS,
  pythonEnvironments,
  type Surroundings,
  sitePackages,
  surroundings as surroundingsOf,
  systemFolders,
} from '../../native/find-library.ts'

const SYSTEM_FOLDERS = [
  ...LINUX_FOLDERS,
  ...['/opt/homebrew/lib', '/opt/intel/openvino', 'C:\\Program Files (x86)\\Intel\\openvino'],
]

/** Where the library is within what people call the folder of an OpenVINO: wheel, archive or plain folder. */
const WITHIN = [
  ...['', 'libs', 'openvino/libs', 'lib', 'bin'],
  ...['runtime/lib/intel64', 'runtime/lib/aarch64', 'runtime/lib/arm64/Release', 'runtime/bin/intel64/Release'],
]

/** Linux adds the version to the name (.so.2641 is 2026.4.1), macOS puts it in the middle. */
const LIBRARY = /^(lib)?openvino_c(\.\d+)*\.(so(\.\d+)*|dylib|dll)$/

/**
 * Finds OpenVINO's C library: in OPENVINO_DIR, else in the npm package openvino-node, a Python wheel or the system.
 * @throws SpanforgeError if OPENVINO_DIR is set and holds none
 */
export function findOpenVino(surroundings: Surroundings = surroundingsOf(SYSTEM_FOLDERS)): FoundLibrary | undefined {
  const { OPENVINO_DIR } = surroundings.env
  if (OPENVINO_DIR) {
    const file = libraryIn([OPENVINO_DIR, ...sitePackages(OPENVINO_DIR)])
    if (file) return { file, source: 'OPENVINO_DIR' }
    throw new SpanforgeError(`OPENVINO_DIR: libopenvino_c was not found in ${OPENVINO_DIR}`, {
      remedy: 'Set it to an OpenVINO folder (which contains libs/ or runtime/), or unset it.',
    })
  }
  for (const [source, folders] of places(surroundings)) {
    const file = libraryIn(folders)
    if (file) return { file, source }
  }
  return undefined
}

const libraryIn = (folders: readonly string[]): string | undefined =>
  firstLibrary(
    folders.flatMap((folder) => WITHIN.map((within) => join(folder, within))),
    LIBRARY,
  )

function* places(surroundings: Surroundings): Generator<readonly [source: string, folders: string[]]> {
  const listed = surroundings.env.PYTHONPATH?.split(delimiter) ?? []
  const wheels = pythonEnvironments(surroundings).flatMap(sitePackages)
  yield ['npm package openvino-node', nodePackage(surroundings.cwd)]
  yield ['Python wheel', [...listed, ...wheels, '/usr/lib/python3/dist-packages']]
  yield ['system library', systemFolders(surroundings)]
}

/** openvino-node keeps the library in bin/. */
function nodePackage(cwd: string): string[] {
  return [join(cwd, 'package.json'), import.meta.url].flatMap((from) => {
    try {
      return [dirname(createRequire(from).resolve('openvino-node/package.json'))]
    } catch {
      return []
    }
  })
}
