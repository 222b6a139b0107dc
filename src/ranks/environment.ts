import { UsageError } from '../errors.ts'

/** The facts about a rank that its launcher passes in environment variables. */
export interface RankEnvironment {
  /** The family of MPI libraries that the launcher belongs to. */
  readonly family: 'Open MPI' | 'MPICH'
  readonly rank: number
  readonly size: number
  /** Place among the ranks on the same host; 0 if the launcher does not say. */
  readonly local_rank: number
}

type Env = Readonly<Record<string, string | undefined>>

/** Variables of mpirun (Open MPI; MPICH and Intel MPI) and of srun with PMIx, in this order. */
const LAUNCHERS = [
  {
    family: 'Open MPI',
    rank: 'OMPI_COMM_WORLD_RANK',
    size: 'OMPI_COMM_WORLD_SIZE',
    local: 'OMPI_COMM_WORLD_LOCAL_RANK',
  },
  { family: 'MPICH', rank: 'PMI_RANK', size: 'PMI_SIZE', local: 'MPI_LOCALRANKID' },
  { family: 'Open MPI', rank: 'PMIX_RANK', size: 'SLURM_STEP_NUM_TASKS', local: 'SLURM_LOCALID' },
] as const

/** Returns undefined for a process that was not started by MPI, or is the only one. */
export function rankEnvironment(env: Env = process.env): RankEnvironment | undefined {
  for (const { family, rank, size, local } of LAUNCHERS) {
    if (env[rank] === undefined || env[size] === undefined) continue
    const local_rank = env[local] === undefined ? 0 : count(env, local)
    const found = { family, rank: count(env, rank), size: count(env, size), local_rank }
    return found.size > 1 ? found : undefined
  }
  return undefined
}

function count(env: Env, name: string): number {
  const value = Number(env[name])
  if (env[name]?.trim() && Number.isSafeInteger(value) && value >= 0) return value
  throw new UsageError(`${name}: found ${env[name]}, expected an integer`, 'Start the ranks with mpirun or srun.')
}
