import { SpanforgeError } from '../../errors.ts'
import type { FoundLibrary } from '../../native/find-library.ts'
import type { EngineFacts } from '../engine-entry.ts'
import { openvinoDevices, openvinoEngine } from './engine.ts'
import { findOpenVino } from './find.ts'
import { bindOpenVino, type OpenVinoLibrary } from './library.ts'

/**
 * Earlier versions support only one output of LayerNormalization. The training graph also needs its mean and deviation.
 */
const OLDEST = [2026, 3] as const

const INSTALL_OPENVINO = 'pip install openvino'

/**
 * Finds and loads OpenVINO and checks its version.
 * @throws SpanforgeError if it is not installed or too old
 */
export function loadOpenVino(): OpenVinoLibrary {
  const found = findOpenVino()
  if (!found)
    throw new SpanforgeError('OpenVINO: not found on this machine', {
      remedy: `Install it (${INSTALL_OPENVINO}), or set OPENVINO_DIR to its folder. See docs/engines.md for the folders that are searched.`,
    })
  return load(found)
}

function load(found: FoundLibrary): OpenVinoLibrary {
  const library = bindOpenVino(found.file)
  checkVersion(library.version, found)
  return library
}

/** Versions such as "2026.4.1-22982-e213a147257-releases/2026/4" begin with year and release. */
export function checkVersion(version: string, { file, source }: FoundLibrary): void {
  const [year = 0, release = 0] = version.split(/[.-]/).map(Number)
  if (year > OLDEST[0] || (year === OLDEST[0] && release >= OLDEST[1])) return
  throw new SpanforgeError(
    `OpenVINO: ${file} (${source}) is version ${version}, expected ${OLDEST.join('.')} or later`,
    {
      remedy: `Upgrade it (${INSTALL_OPENVINO} --upgrade), or set OPENVINO_DIR to the folder of another installation.`,
    },
  )
}

/**
 * Describes OpenVINO for `spanforge doctor`. Returns undefined if it is not installed, and throws like `loadOpenVino`
 * if it cannot be used.
 */
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
