import { readdirSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { SpanforgeError } from '../../errors.ts'

export interface FoundLibrary {
  readonly file: string
  /** Human-readable origin of the library. */
  readonly source: string
}

/** The environment in which the library is searched. Tests provide their own. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** The folder from which npm packages of the current project are resolved. */
  readonly cwd: string
  /** Folders of system libraries. */
  readonly system: readonly string[]
}

const SYSTEM_FOLDERS = [
  ...['/usr/local/lib', '/usr/lib', '/usr/lib64', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'],
  ...['/opt/homebrew/lib', '/opt/intel/openvino', 'C:\\Program Files (x86)\\Intel\\openvino'],
]

const here = (): Surroundings => ({ env: process.env, home: homedir(), cwd: process.cwd(), system: SYSTEM_FOLDERS })

/** Locations of the library within an OpenVINO folder, which may be a wheel, an extracted archive or a plain folder. */
const WITHIN = [
  ...['', 'libs', 'openvino/libs', 'lib', 'bin'],
  ...['runtime/lib/intel64', 'runtime/lib/aarch64', 'runtime/lib/arm64/Release', 'runtime/bin/intel64/Release'],
]

/** Linux appends the version to the name (.so.2641 is 2026.4.1); macOS inserts it in the middle. */
const LIBRARY = /^(lib)?openvino_c(\.\d+)*\.(so(\.\d+)*|dylib|dll)$/

/**
 * Finds OpenVINO's C library in OPENVINO_DIR, the npm package openvino-node, a Python wheel or the system, in this
 * order. Executes no programs: the folders of Python are read directly.
 * @throws SpanforgeError if OPENVINO_DIR is set but does not contain the library
 */
export function findOpenVino(surroundings: Surroundings = here()): FoundLibrary | undefined {
  const { env } = surroundings
  if (env.OPENVINO_DIR) {
    const file = firstLibrary([env.OPENVINO_DIR, ...packagesUnder(env.OPENVINO_DIR)])
    if (file) return { file, source: 'OPENVINO_DIR' }
    throw new SpanforgeError(`OPENVINO_DIR: libopenvino_c was not found in ${env.OPENVINO_DIR}`, {
      remedy: 'Set it to an OpenVINO folder (which contains libs/ or runtime/), or unset it.',
    })
  }
  for (const [source, folders] of places(surroundings)) {
    const file = firstLibrary(folders)
    if (file) return { file, source }
  }
  return undefined
}

function* places({ env, home, cwd, system }: Surroundings): Generator<readonly [source: string, folders: string[]]> {
  yield ['npm package openvino-node', nodePackage(cwd)]
  yield ['Python wheel', sitePackages(env, home)]
  const listed = [env.LD_LIBRARY_PATH, env.DYLD_LIBRARY_PATH].flatMap((list) => list?.split(delimiter) ?? [])
  yield ['system library', [...listed.filter(Boolean), ...system]]
}

/** openvino-node stores the library in bin/. */
function nodePackage(cwd: string): string[] {
  return [join(cwd, 'package.json'), import.meta.url].flatMap((from) => {
    try {
      return [dirname(createRequire(from).resolve('openvino-node/package.json'))]
    } catch {
      return []
    }
  })
}

/** Python package folders of the active environment, every python on PATH, the user and the system. */
function sitePackages(env: Surroundings['env'], home: string): string[] {
  const prefixes = [env.VIRTUAL_ENV, env.CONDA_PREFIX, ...pythonPrefixes(env.PATH), join(home, '.local'), '/usr/local']
  const folders = prefixes.flatMap((prefix) => (prefix ? packagesUnder(prefix) : []))
  return [...(env.PYTHONPATH?.split(delimiter) ?? []), ...folders, '/usr/lib/python3/dist-packages']
}

/** A python in PREFIX/bin has its packages in PREFIX/lib. On Windows, it is in PREFIX or PREFIX/Scripts. */
function pythonPrefixes(path = ''): string[] {
  return path.split(delimiter).flatMap((folder) => {
    const python = listing(folder).find((name) => /^python(3|\.exe)?$/.test(name))
    if (!python) return []
    try {
      return [dirname(folder), folder, dirname(dirname(realpathSync(join(folder, python))))]
    } catch {
      return [dirname(folder), folder]
    }
  })
}

function packagesUnder(prefix: string): string[] {
  const versions = listing(join(prefix, 'lib')).filter((name) => /^python3\.\d+$/.test(name))
  const newestFirst = versions.sort((a, b) => Number(b.slice(8)) - Number(a.slice(8)))
  const unix = newestFirst.flatMap((name) =>
    ['site-packages', 'dist-packages'].map((p) => join(prefix, 'lib', name, p)),
  )
  return [...unix, join(prefix, 'Lib', 'site-packages')]
}

/** If a folder contains several versions, the last by name is used. */
function firstLibrary(folders: readonly string[]): string | undefined {
  for (const folder of folders)
    for (const within of WITHIN) {
      const files = listing(join(folder, within)).filter((name) => LIBRARY.test(name))
      if (files.length > 0) return join(folder, within, files.sort().at(-1)!)
    }
  return undefined
}

function listing(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
