import { readdirSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { SpanforgeError } from '../../errors.ts'

export interface FoundLibrary {
  readonly file: string
  /** For people: where it comes from. */
  readonly source: string
}

/** Where programs and this process look; tests give their own. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** Where packages of the project that is worked in are looked up from. */
  readonly cwd: string
  /** Folders of system libraries. */
  readonly system: readonly string[]
}

const SYSTEM_FOLDERS = [
  ...['/usr/local/lib', '/usr/lib', '/usr/lib64', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'],
  ...['/opt/homebrew/lib', '/opt/intel/openvino', 'C:\\Program Files (x86)\\Intel\\openvino'],
]

const here = (): Surroundings => ({ env: process.env, home: homedir(), cwd: process.cwd(), system: SYSTEM_FOLDERS })

/** Where the library lies within what people call the folder of an OpenVINO: wheel, archive or plain folder. */
const WITHIN = [
  ...['', 'libs', 'openvino/libs', 'lib', 'bin'],
  ...['runtime/lib/intel64', 'runtime/lib/aarch64', 'runtime/lib/arm64/Release', 'runtime/bin/intel64/Release'],
]

/** Linux adds the version to the name (.so.2641 is 2026.4.1), macOS puts it in the middle. */
const LIBRARY = /^(lib)?openvino_c(\.\d+)*\.(so(\.\d+)*|dylib|dll)$/

/**
 * OpenVINO's C library: from OPENVINO_DIR, else of the npm package openvino-node, of a Python wheel, of the system.
 * Nothing is run for it: Python's folders are read, not asked for.
 * @throws SpanforgeError where OPENVINO_DIR is set and holds none
 */
export function findOpenVino(surroundings: Surroundings = here()): FoundLibrary | undefined {
  const { env } = surroundings
  if (env.OPENVINO_DIR) {
    const file = firstLibrary([env.OPENVINO_DIR, ...packagesUnder(env.OPENVINO_DIR)])
    if (file) return { file, source: 'OPENVINO_DIR' }
    throw new SpanforgeError(`OPENVINO_DIR: ${env.OPENVINO_DIR} holds no libopenvino_c`, {
      remedy: 'Let it name the folder of an OpenVINO (one with libs/ or runtime/ in it), or unset it.',
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

/** Folders of Python packages: of the active environment, of every python on the PATH, of the user, of the system. */
function sitePackages(env: Surroundings['env'], home: string): string[] {
  const prefixes = [env.VIRTUAL_ENV, env.CONDA_PREFIX, ...pythonPrefixes(env.PATH), join(home, '.local'), '/usr/local']
  const folders = prefixes.flatMap((prefix) => (prefix ? packagesUnder(prefix) : []))
  return [...(env.PYTHONPATH?.split(delimiter) ?? []), ...folders, '/usr/lib/python3/dist-packages']
}

/** A python in PREFIX/bin has its packages in PREFIX/lib; on Windows it stands in PREFIX itself or in PREFIX/Scripts. */
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

/** Of several versions in one folder, the last by name. */
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
