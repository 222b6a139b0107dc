import { fstatSync } from 'node:fs'
import { availableParallelism, cpus, hostname } from 'node:os'
import { SpanforgeError } from '../errors.ts'
import { nativeMemory } from '../native/koffi.ts'
import { startWorker, Thread } from '../threads/calls.ts'
import { type RankEnvironment, rankEnvironment } from './environment.ts'
import { findMpi } from './find-mpi.ts'
import { gatherValues, type Ranks } from './ranks.ts'

/**
 * Joins the other processes of an MPI job. Returns undefined for a process that is on its own.
 * @throws SpanforgeError if the library is missing or belongs to another MPI than the launcher
 */
export async function openRanks(
  environment: RankEnvironment | undefined = rankEnvironment(),
): Promise<Ranks | undefined> {
  if (!environment) return undefined
  rejectClosedConnection()
  const file = findMpi(environment)
  const thread = new Thread(startWorker(import.meta.url, './mpi-worker', file))
  const { rank, size } = await thread.call<{ rank: number; size: number }>('open')
  if (size !== environment.size)
    throw new SpanforgeError(`${file}: found ${size} ranks, but the launcher has started ${environment.size}`, {
      remedy: 'The library belongs to another MPI than mpirun or srun. Set SPANFORGE_MPI to the path of the right one.',
    })
  const ranks = {
    ...{ rank, size },
    sum: (values: Float32Array) => thread.call<void>('sum', nativeMemory().addressOf(values), values.length),
    gather: (bytes: Uint8Array) => thread.call<Uint8Array[]>('gather', bytes),
    close: () => thread.call<void>('close'),
  }
  const hosts = await gatherValues(ranks, hostname())
  const isHere = (host: string) => host === hosts[rank]
  const local = { rank: hosts.slice(0, rank).filter(isHere).length, size: hosts.filter(isHere).length }
  return { ...ranks, hosts, local }
}

/** MPICH's launcher passes an open file to its ranks, which Node.js does not pass on to its children. */
function rejectClosedConnection(): void {
  const { PMI_FD } = process.env
  if (PMI_FD === undefined || isSocket(Number(PMI_FD))) return
  throw new SpanforgeError("the connection to MPICH's launcher is closed, because npx does not pass it on", {
    remedy: 'Start the program itself: mpirun -n N node_modules/.bin/spanforge train ...',
  })
}

function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket()
  } catch {
    return false
  }
}

/**
 * The number of threads of a rank, so that the ranks on a host do not compete for its cores. A launcher may have bound
 * the rank to some of them.
 */
export function threadsOf({ local }: Pick<Ranks, 'local'>): number {
  const own = availableParallelism()
  // Ranks that are bound to their own cores see fewer of them than the machine has.
  const isBound = own < cpus().length
  return Math.max(1, isBound ? own : Math.floor(own / local.size))
}
