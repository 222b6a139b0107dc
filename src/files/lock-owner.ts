import { readFileSync, readlinkSync } from 'node:fs'
import { hostname, uptime } from 'node:os'
import { z } from 'zod'
import { showText } from '../show-value.ts'

const current = z.object({
  /** Random identifier that distinguishes this holder from all others. */
  token: z.string(),
  pid: z.int().positive(),
  host: z.string(),
  /** Identifies the current boot of the machine. */
  boot: z.string(),
  /** The PID namespace of `pid`; null if unknown. */
  pid_namespace: z.string().nullable(),
  /** Start time of the process by the kernel's clock, because PIDs are reused. Null if unknown. */
  started: z.string().nullable(),
  since: z.string(),
})

/** Formats of version 0.1.0: locks of output folders have no heartbeat, those of downloads and predictions do. */
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

/** Returns the contents of a lock file written by this process. */
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

/** Parses the contents of a lock file. Returns undefined if they are invalid or not yet complete. */
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

/** Describes a lock holder, such as "process 12 on ada, since 2026-01-31T12:00:00.000Z". */
export function describeOwner(owner: LockOwner | undefined): string {
  if (!owner) return 'an unknown process'
  const since = 'since' in owner ? `, since ${showText(owner.since, 40)}` : ''
  return `process ${owner.pid} on ${showText(owner.host, 80)}${since}`
}

/**
 * Whether the owner's process is running, as far as this process can tell. A PID is conclusive only within the same
 * boot, host and PID namespace, because containers may share a host name and still have separate PIDs.
 */
export function evidenceOf(owner: LockOwner | undefined): 'alive' | 'dead' | 'unknown' {
  if (owner?.kind !== 'current' || !sharesProcesses(owner)) return 'unknown'
  if (!isRunning(owner.pid)) return 'dead'
  const now = startOf(owner.pid)
  if (owner.started === null || now === null) return 'unknown'
  return owner.started === now ? 'alive' : 'dead'
}

/** Used only for display: version 0.1.0 considered a PID on the same host name conclusive. */
export const seemsToRun = ({ host, pid }: LockOwner): boolean => host === hostname() && isRunning(pid)

const sharesProcesses = ({ host, boot, pid_namespace }: z.output<typeof current>): boolean =>
  host === hostname() && boot === bootIdentity() && pid_namespace !== null && pid_namespace === pidNamespace()

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // With EPERM, the process runs as another user.
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

/**
 * On systems other than Linux, the boot time in steps of 10 s. A false mismatch only costs the time to watch the
 * heartbeat.
 */
const bootIdentity = (): string =>
  textOf('/proc/sys/kernel/random/boot_id')?.trim() ?? String(Math.round((Date.now() - 1000 * uptime()) / 10_000))

/**
 * Returns field 22 of /proc/<pid>/stat on Linux, the start in clock ticks since boot, or "ended" if field 3 marks the
 * process as a zombie. Field 2 is a name in parentheses that may contain anything. Returns null on other systems.
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
