import { SpanforgeError } from '../../errors.ts'
import type { EngineFacts } from '../engine-entry.ts'
import { openvinoDevices, openvinoEngine } from './engine.ts'
import { type FoundLibrary, findOpenVino } from './find.ts'
import { loadLibrary, type OpenVinoLibrary } from './library.ts'

/** Earlier ones read LayerNormalization with one result only: the training graph wants its mean and deviation too. */
const OLDEST = [2026, 3] as const

const INSTALL_OPENVINO = 'pip install openvino'

/**
 * OpenVINO's library, found, loaded, and of a version that reads the graphs.
 * @throws SpanforgeError where there is none, or one too old
 */
export function openOpenVino(): OpenVinoLibrary {
  const found = findOpenVino()
  if (!found)
    throw new SpanforgeError('OpenVINO: not found on this machine', {
      remedy: `Install it (${INSTALL_OPENVINO}), or let OPENVINO_DIR name its folder. docs/engines.md says where it is looked for.`,
    })
  return load(found)
}

function load(found: FoundLibrary): OpenVinoLibrary {
  const library = loadLibrary(found.file)
  checkVersion(library.version, found)
  return library
}

/** "2026.4.1-22982-e213a147257-releases/2026/4" begins with year and release. */
export function checkVersion(version: string, { file, source }: FoundLibrary): void {
  const [year = 0, release = 0] = version.split(/[.-]/).map(Number)
  if (year > OLDEST[0] || (year === OLDEST[0] && release >= OLDEST[1])) return
  throw new SpanforgeError(
    `OpenVINO: ${file} (${source}) is version ${version}: expected ${OLDEST.join('.')} or later`,
    { remedy: `Bring it up to date (${INSTALL_OPENVINO} --upgrade), or let OPENVINO_DIR name another.` },
  )
}

/** For `spanforge doctor`: what was found, or undefined where there is none. Throws as `openOpenVino` for a bad one. */
export function inspectOpenVino(): EngineFacts | undefined {
  const found = findOpenVino()
  if (!found) return undefined
  const library = load(found)
  const devices = openvinoDevices(library).map(({ name, full_name }) => ({
    device: name === 'CPU' ? 'cpu' : `openvino:${name}`,
    full_name,
    precisions: openvinoEngine(library, name).precisions,
  }))
  return { version: library.version.split('-')[0], source: found.source, library: found.file, devices }
}
