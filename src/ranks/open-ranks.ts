import { fstatSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { SpanforgeError } from '../errors.ts'
import { nativeMemory } from '../native/koffi.ts'
import { packageVersion } from '../package-root.ts'
import { startWorker, Thread } from '../threads/calls.ts'
import { type RankEnvironment, rankEnvironment } from './environment.ts'
import { findMpi } from './find-mpi.ts'
import { gatherValues, type Ranks, rejectDifferences } from './ranks.ts'

/**
 * Settings of UCX, on which MPICH and Open MPI may be built. Its hooks of memory functions move the end of the heap for a
 * moment, which corrupts it if another thread allocates memory then, and its handler of signals may wait forever.
 */
const SAFE_UCX = { UCX_MEM_MMAP_HOOK_MODE: 'none', UCX_MEM_MALLOC_HOOKS: 'n', UCX_HANDLE_ERRORS: 'none' }

/**
 * Milliseconds for the library to close its connections. On slow networks, that of MPICH with UCX may wait for itself
 * forever. All results are written by then, and the process ends without it.
 */
const MAX_TO_CLOSE = 10_000

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
  for (const [name, value] of Object.entries(SAFE_UCX)) process.env[name] ??= value
  const thread = new Thread(startWorker(import.meta.url, './mpi-worker', file))
  const { rank, size } = await thread.call<{ rank: number; size: number }>('open')
  if (size !== environment.size)
    throw new SpanforgeError(`${file}: found ${size} ranks, but the launcher has started ${environment.size}`, {
      remedy: 'The library belongs to another MPI than mpirun or srun. Set SPANFORGE_MPI to the path of the right one.',
    })
  const gather = (bytes: Uint8Array) => thread.call<Uint8Array[]>('gather', bytes)
  const joined = await gatherValues({ gather }, { host: hostname(), spanforge: packageVersion() })
  const hosts = joined.map(({ host }) => host)
  const isHere = (host: string) => host === hosts[rank]
  await thread.call('joinHost', hosts.findIndex(isHere))
  const ranks: Ranks = {
    ...{ rank, size, hosts, gather },
    local: {
      rank: hosts.slice(0, rank).filter(isHere).length,
      size: hosts.filter(isHere).length,
      gather: (bytes) => thread.call('gatherOnHost', bytes),
    },
    sum: (values, dtype = 'float32') => thread.call('sum', nativeMemory().addressOf(values), values.length, dtype),
    broadcast: (values) => thread.call('broadcast', nativeMemory().addressOf(values), values.length),
    async close() {
      await thread.call('meet')
      await Promise.race([thread.call('close'), sleep(MAX_TO_CLOSE)])
    },
  }
  // First, because ranks of different versions may make different calls.
  await rejectDifferences(ranks, { spanforge: joined[rank].spanforge })
  return ranks
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
