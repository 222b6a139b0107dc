import { readFileSync, readlinkSync } from 'node:fs'
import { hostname, uptime } from 'node:os'
import { z } from 'zod'
import { showText } from '../show-value.ts'

const current = z.object({
  /** Random: tells this holder from every other, whatever else they share. */
  token: z.string(),
  pid: z.int().positive(),
  host: z.string(),
  /** Identifies the time since the machine was started. */
  boot: z.string(),
  /** The PID namespace that `pid` belongs to; null if unknown. */
  pid_namespace: z.string().nullable(),
  /** Start of the process in the kernel's clock: a later process may get the same pid. Null if unknown. */
  started: z.string().nullable(),
  since: z.string(),
})

/** Version 0.1.0: locks of output folders have no heartbeat, locks of downloads and predictions have one. */
const legacyRun = z.object({
  pid: z.int().positive(),
  host: z.string(),
  started: z.string().nullable(),
  since: z.string(),
})
const legacyBeating = z.object({ pid: z.int().positive(), host: z.string(), id: z.string() })

export type LockOwner =
  | ({ readonly kind: 'current' } & z.output<typeof current>)
  | ({ readonly kind: 'legacy run' } & z.output<typeof legacyRun>)
  | ({ readonly kind: 'legacy' } & z.output<typeof legacyBeating>)

/** The text of a lock file that this process writes. */
export const ownerText = (token: string): string =>
  JSON.stringify({
    token,
    pid: process.pid,
    host: hostname(),
    boot: bootIdentity(),
    pid_namespace: pidNamespace(),
    started: startOf(process.pid),
    since: new Date().toISOString(),
  } satisfies z.output<typeof current>)

/** Undefined for a text that is not (yet) that of a lock file. */
export function parseOwner(text: string): LockOwner | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const [now, run, beating] = [current, legacyRun, legacyBeating].map((schema) => schema.safeParse(value))
  if (now.success) return { kind: 'current', ...(now.data as z.output<typeof current>) }
  if (run.success) return { kind: 'legacy run', ...(run.data as z.output<typeof legacyRun>) }
  return beating.success ? { kind: 'legacy', ...(beating.data as z.output<typeof legacyBeating>) } : undefined
}

/** "process 12 on ada, since 2026-01-31T12:00:00.000Z". */
export function describeOwner(owner: LockOwner | undefined): string {
  if (!owner) return 'an unknown process'
  const since = 'since' in owner ? `, since ${showText(owner.since, 40)}` : ''
  return `process ${owner.pid} on ${showText(owner.host, 80)}${since}`
}

/**
 * Whether the owner's process runs, as far as this process can know it. A pid proves something only on the same boot
 * of the same host and in the same PID namespace: containers may share a host name and still number their own processes.
 */
export function evidenceOf(owner: LockOwner | undefined): 'alive' | 'dead' | 'unknown' {
  if (owner?.kind !== 'current' || !sharesProcesses(owner)) return 'unknown'
  if (!isRunning(owner.pid)) return 'dead'
  const now = startOf(owner.pid)
  if (owner.started === null || now === null) return 'unknown'
  return owner.started === now ? 'alive' : 'dead'
}

/** For display only: 0.1.0 took a pid of the same host name for proof. */
export const seemsToRun = ({ host, pid }: LockOwner): boolean => host === hostname() && isRunning(pid)

const sharesProcesses = ({ host, boot, pid_namespace }: z.output<typeof current>): boolean =>
  host === hostname() && boot === bootIdentity() && pid_namespace !== null && pid_namespace === pidNamespace()

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs as another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function pidNamespace(): string | null {
  // Only Linux has PID namespaces.
  if (process.platform !== 'linux') return process.platform
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return null
  }
}

/** Outside Linux the time of the boot in steps of 10 s: a wrong mismatch costs only the time to watch the heartbeat. */
const bootIdentity = (): string =>
  textOf('/proc/sys/kernel/random/boot_id')?.trim() ?? String(Math.round((Date.now() - 1000 * uptime()) / 10_000))

/**
 * Field 22 of Linux's /proc/<pid>/stat, the start in clock ticks since boot, or "ended" where field 3 says that the
 * process is a zombie. Field 2, a name in brackets, may hold anything. Null on other systems.
 */
function startOf(pid: number): string | null {
  const stat = textOf(`/proc/${pid}/stat`)
  if (stat === undefined) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? 'ended' : fields[19]
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
