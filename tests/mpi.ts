import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, inject, it, onTestFinished } from 'vitest'

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
const MPI_ENV = { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' }

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
 * Describes tests for each MPI that is installed, or for one of them. Skips those of the others with a message, or fails
 * if none is installed and SPANFORGE_REQUIRE_MPI is set.
 */
export function describeMpi(name: string, onEach: boolean, body: (launcher: Launcher) => void): void {
  const found = Object.keys(CANDIDATES).map((family) => [family, findLauncher(family)] as const)
  if (process.env.SPANFORGE_REQUIRE_MPI && found.every(([, launcher]) => !launcher))
    throw new Error(`${name}: needs Open MPI or MPICH, and SPANFORGE_REQUIRE_MPI is set`)
  const chosen = onEach ? found : found.slice(found.findIndex(([, launcher]) => launcher)).slice(0, 1)
  for (const [family, launcher] of chosen) {
    if (launcher) describe(`${name} (${family})`, () => body(launcher))
    else {
      console.warn(`SKIPPED (needs ${family}, which is not installed): ${name}`)
      describe.skip(`${name} (${family})`, () => void it(`needs ${family}`, () => {}))
    }
  }
}

/** What is started as one or several ranks. */
export interface RankCommand {
  /** Arguments of Node.js. */
  readonly argv: readonly string[]
  /** Shell commands that run before, for example to change the folder. */
  readonly setup?: string
  /** Runs in its own namespaces, so that `setup` can mount file systems and change the name of the host. */
  readonly isHost?: boolean
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Launched {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** A command line as ranks. */
export const cli = (argv: readonly string[]): RankCommand => ({ argv: [inject('cli'), ...argv] })

/** The same command as if it ran on a host of its own, where `setup` runs first. */
export const onHost = (name: string, command: RankCommand, setup = ''): RankCommand => ({
  ...command,
  setup: `echo ${name} >/proc/sys/kernel/hostname\n${setup}`,
  isHost: true,
})

/** Starts commands as ranks: a single one on `ranks` of them, or each on one. */
export function launch(launcher: Launcher, commands: readonly RankCommand[], ranks = 1, env = {}): Launched {
  const [program, ...args] = launcher
  const each = commands.map(({ argv, setup, isHost }) => {
    const shell = setup === undefined ? [] : ['sh', '-e', '-c', `${setup}\nexec "$@"`, 'sh']
    return ['-n', String(ranks), ...(isHost ? UNSHARE : []), ...shell, process.execPath, ...argv]
  })
  const all = each.flatMap((one, i) => (i === 0 ? one : [':', ...one]))
  const child = spawn(program, [...args, ...all], { env: { ...process.env, ...MPI_ENV, NO_COLOR: '1', ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  const ended = Promise.all([text(child.stdout), text(child.stderr), closed]).then(
    ([stdout, stderr, code]): Ended => ({ stdout, stderr, code }),
  )
  return { child, ended }
}

const UNSHARE = ['unshare', '--mount', '--uts']

/** Whether ranks can be started as if they were on hosts of their own. */
export const canUnshare = ((): boolean => {
  try {
    execFileSync(UNSHARE[0], [...UNSHARE.slice(1), 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** The lines with errors, of which a failed job prints one. */
export const errorsIn = ({ stderr }: Ended): string[] => stderr.split('\n').filter((line) => line.includes('error: '))
