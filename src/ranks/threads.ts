import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { gatherValues, type LocalRanks } from './ranks.ts'

export interface Cores {
  /** The number of threads of this rank. */
  readonly threads: number
  /** Describes cores that no rank may use, because of how the launcher has bound the ranks. */
  readonly note?: string
}

/**
 * Divides the cores of a host among its ranks, so that they do not compete for them. A launcher may have bound the ranks
 * to some cores each; ranks that may use the same cores share them.
 */
export async function divideCores(local: LocalRanks): Promise<Cores> {
  const own = coresOf('self') ?? Array.from({ length: availableParallelism() }, (_, i) => i)
  const all = await gatherValues(local, own)
  return { threads: threadsAmong(own, all), note: idleNote(all, coresOf(process.ppid) ?? own) }
}

/** A rank's share of its cores: each core is divided among the ranks that may use it. */
export function threadsAmong(own: readonly number[], all: readonly (readonly number[])[]): number {
  const share = own.reduce((sum, core) => sum + 1 / all.filter((cores) => cores.includes(core)).length, 0)
  // Three thirds of a core may add up to a little less than one.
  return Math.max(1, Math.floor(share + 1e-6))
}

/** `available` are the cores of the launcher, which does not bind itself. */
export function idleNote(all: readonly (readonly number[])[], available: readonly number[]): string | undefined {
  const used = new Set(all.flat())
  const idle = available.filter((core) => !used.has(core)).length
  if (idle === 0) return undefined
  return (
    `The launcher has bound the ranks on this host to ${used.size} of ${available.length} cores; ` +
    `${idle} are idle. To use all of them, add --bind-to none to mpirun.`
  )
}

/** The cores that a process may use; undefined if the system does not say. */
function coresOf(pid: number | 'self'): number[] | undefined {
  try {
    const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return list === undefined ? undefined : parseCores(list)
  } catch {
    return undefined
  }
}

/** Reads a list such as 0-3,8. */
export const parseCores = (list: string): number[] =>
  list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
