import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'

/** A program that starts ranks, with its arguments. */
export type Launcher = readonly string[]

const CANDIDATES: Readonly<Record<string, { readonly programs: readonly string[]; readonly args: readonly string[] }>> =
  {
    'Open MPI': { programs: ['mpirun.openmpi', 'mpirun'], args: ['--oversubscribe'] },
    MPICH: { programs: [join(process.env.MPI_DIR ?? '', 'bin/mpiexec'), 'mpirun.mpich', 'mpirun'], args: [] },
  }

/** What the programs print with --version. */
const VERSIONS: Readonly<Record<string, RegExp>> = { 'Open MPI': /Open MPI/, MPICH: /HYDRA|mpich/i }

/** Variables that let Open MPI start as root, as in containers. */
export const MPI_ENV = { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' }

function findLauncher(family: string): Launcher | undefined {
  const { programs, args } = CANDIDATES[family]
  const program = programs.find((name) => {
    if (name.startsWith('/') && !existsSync(name)) return false
    try {
      const env = { ...process.env, ...MPI_ENV }
      return VERSIONS[family].test(execFileSync(name, ['--version'], { encoding: 'utf8', env, stdio: 'pipe' }))
    } catch {
      return false
    }
  })
  return program === undefined ? undefined : [program, ...args]
}

/**
 * Describes tests for each MPI that is installed. Skips those of the others with a message, or fails if none is installed
 * and SPANFORGE_REQUIRE_MPI is set.
 */
export function describeMpi(name: string, body: (launcher: Launcher) => void): void {
  const found = Object.keys(CANDIDATES).map((family) => [family, findLauncher(family)] as const)
  if (process.env.SPANFORGE_REQUIRE_MPI && found.every(([, launcher]) => !launcher))
    throw new Error(`${name}: needs Open MPI or MPICH, and SPANFORGE_REQUIRE_MPI is set`)
  for (const [family, launcher] of found) {
    if (launcher) describe(`${name} (${family})`, () => body(launcher))
    else {
      console.warn(`SKIPPED (needs ${family}, which is not installed): ${name}`)
      describe.skip(`${name} (${family})`, () => void it(`needs ${family}`, () => {}))
    }
  }
}
