/** Finds native libraries that are not part of spanforge. It only reads folders and runs no program. */
import { readdirSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

/** The address of an object in a native library. The library must free it. */
export type Handle = bigint

export interface FoundLibrary {
  readonly file: string
  /** Where it was found, in words. */
  readonly source: string
}

/** The environment that a search depends on; tests pass their own. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** The folder from which npm packages of the user's project are resolved. */
  readonly cwd: string
  /** Folders of system libraries. */
  readonly system: readonly string[]
}

export const surroundings = (system: readonly string[]): Surroundings => ({
  ...{ env: process.env, home: homedir(), cwd: process.cwd(), system },
})

export const LINUX_FOLDERS: readonly string[] = [
  '/usr/local/lib',
  '/usr/lib',
  '/usr/lib64',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
]

/**
 * Returns the folders of Python environments: the active one, that of each python on the PATH, the user's and the
 * system's.
 */
export function pythonEnvironments({ env, home }: Pick<Surroundings, 'env' | 'home'>): string[] {
  const prefixes = [env.VIRTUAL_ENV, env.CONDA_PREFIX, ...pythonPrefixes(env.PATH), join(home, '.local'), '/usr/local']
  return prefixes.filter((prefix) => prefix !== undefined && prefix !== '') as string[]
}

/** A python in PREFIX/bin has its packages in PREFIX/lib; on Windows it is in PREFIX itself or in PREFIX/Scripts. */
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

/** Folders of the packages of a Python environment, those of the newest Python first. */
export function sitePackages(environment: string): string[] {
  const versions = listing(join(environment, 'lib')).filter((name) => /^python3\.\d+$/.test(name))
  const newestFirst = versions.sort((a, b) => Number(b.slice(8)) - Number(a.slice(8)))
  const unix = newestFirst.flatMap((name) =>
    ['site-packages', 'dist-packages'].map((p) => join(environment, 'lib', name, p)),
  )
  return [...unix, join(environment, 'Lib', 'site-packages')]
}

/** The folders of system libraries, those that the environment names first. */
export function systemFolders({ env, system }: Pick<Surroundings, 'env' | 'system'>): string[] {
  const listed = [env.LD_LIBRARY_PATH, env.DYLD_LIBRARY_PATH].flatMap((list) => list?.split(delimiter) ?? [])
  return [...listed.filter(Boolean), ...system]
}

/** The first file whose name matches; of several in one folder, the last by name. */
export function firstLibrary(folders: readonly string[], name: RegExp): string | undefined {
  for (const folder of folders) {
    const files = listing(folder).filter((file) => name.test(file))
    if (files.length > 0) return join(folder, files.sort().at(-1)!)
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
