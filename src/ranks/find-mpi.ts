import { readFileSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { SpanforgeError } from '../errors.ts'
import {
  firstLibrary,
  LINUX_FOLDERS,
  pythonEnvironments,
  type Surroundings,
  surroundings as surroundingsOf,
  systemFolders,
} from '../native/find-library.ts'
import type { RankEnvironment } from './environment.ts'

/** The C libraries of both families, under their stable names. */
const LIBRARIES = { 'Open MPI': /^libmpi\.so\.40(\.\d+)*$/, MPICH: /^libmpi(ch|_cray)?\.so\.12(\.\d+)*$/ } as const

const SYSTEM = [
  ...LINUX_FOLDERS,
  ...['/usr/lib/x86_64-linux-gnu/openmpi/lib', '/usr/lib/aarch64-linux-gnu/openmpi/lib'],
  ...['/usr/lib64/openmpi/lib', '/usr/lib64/mpich/lib'],
]

/**
 * Finds the library of the MPI that started this process: the one in SPANFORGE_MPI, otherwise the one next to the
 * program that started it, otherwise one of the environment, of a Python environment or of the system.
 * @throws SpanforgeError if there is none
 */
export function findMpi(
  { family }: Pick<RankEnvironment, 'family'>,
  surroundings: Surroundings = surroundingsOf(SYSTEM),
  launchers: readonly string[] = ancestors(),
): string {
  const { env } = surroundings
  if (env.SPANFORGE_MPI) return env.SPANFORGE_MPI
  const near = (programs: readonly string[]) => programs.flatMap((file) => libraryFolders(dirname(dirname(file))))
  const { OPAL_LIBDIR, OPAL_PREFIX, MPI_HOME, I_MPI_ROOT } = env
  const folders = [
    ...near(launchers.filter((file) => /\/(mpi|orte|prte|hydra|pmi)[^/]*$/.test(file))),
    ...(OPAL_LIBDIR ? [OPAL_LIBDIR] : []),
    ...[OPAL_PREFIX, MPI_HOME, I_MPI_ROOT].flatMap((prefix) => (prefix ? libraryFolders(prefix) : [])),
    ...near((env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'mpirun'))),
    ...pythonEnvironments(surroundings).map((environment) => join(environment, 'lib')),
    ...systemFolders(surroundings),
  ]
  const file = firstLibrary(folders, LIBRARIES[family])
  if (file) return file
  const name = family === 'MPICH' ? 'libmpi.so.12' : 'libmpi.so.40'
  throw new SpanforgeError(`this process was started by ${family}, but its library (${name}) was not found`, {
    remedy: 'Install the library on every host, or set SPANFORGE_MPI to its path.',
  })
}

const libraryFolders = (prefix: string): string[] =>
  ['lib', 'lib64', join('lib', 'release')].map((name) => join(prefix, name))

/** Returns the programs that started this process, the nearest first. */
function ancestors(): string[] {
  const programs: string[] = []
  try {
    for (let pid = process.ppid; pid > 1 && programs.length < 10; ) {
      programs.push(realpathSync(`/proc/${pid}/exe`))
      // The name of the program, which is in parentheses, may contain spaces.
      pid = Number(/^.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1])
    }
  } catch {
    // Another user's process, or a system without /proc.
  }
  return programs
}
