import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { explain } from '../checkpoint/atomic.ts'
import { SpanforgeError } from '../errors.ts'

const LOCK = '.run.lock'

const owner = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** When that process started, in the kernel's clock: a later process may get the same pid. Null where unknown. */
  started: z.string().nullable(),
  since: z.string(),
})

/** Held by the process that writes to an output folder. */
export interface RunLock {
  readonly release: () => void
}

/**
 * Takes the output folder, made if need be, for this process. A lock whose process no longer runs is taken over.
 * @throws SpanforgeError while another process of this machine, or one of another machine, holds it
 */
export function acquireRunLock(output_dir: string): RunLock {
  const path = join(output_dir, LOCK)
  const mine = JSON.stringify({
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid),
    since: new Date().toISOString(),
  } satisfies z.output<typeof owner>)
  const temporary = `${path}.${process.pid}`
  makeFolder(output_dir)
  try {
    writeFileSync(temporary, mine)
    if (!appears(temporary, path)) {
      takeOver(output_dir, path, `${temporary}.stale`)
      if (!appears(temporary, path)) throw refusal(output_dir, path, 'another process took it first')
    }
  } catch (error) {
    throw explain(output_dir, error)
  } finally {
    rmSync(temporary, { force: true })
  }
  return {
    release: () => {
      if (contentOf(path) === mine) rmSync(path, { force: true })
    },
  }
}

/** Whether a process of this machine that runs now holds the output folder. */
export function isRunInProgress(output_dir: string): boolean {
  const holder = parse(contentOf(join(output_dir, LOCK)) ?? '')
  return holder !== undefined && holder.host === hostname() && isRunning(holder)
}

function makeFolder(folder: string): void {
  try {
    try {
      mkdirSync(folder, { recursive: true })
    } catch (error) {
      // Node says that of a read-only file system too; without `recursive` it says what is so.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      mkdirSync(folder)
    }
  } catch (error) {
    throw explain(folder, error)
  }
}

/** Gives a whole file a second name at one instant, so that nobody reads half a lock; false if that name is taken. */
function appears(file: string, path: string): boolean {
  try {
    linkSync(file, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function takeOver(output_dir: string, path: string, aside: string): void {
  const content = contentOf(path)
  if (content === undefined) return
  const holder = parse(content)
  if (holder && holder.host !== hostname()) throw refusal(output_dir, path, `process ${holder.pid} on ${holder.host}`)
  if (holder && isRunning(holder)) throw refusal(output_dir, path, `process ${holder.pid} since ${holder.since}`)
  renameSync(path, aside)
  const isStale = contentOf(aside) === content
  // Another process took the stale lock over in between: what was put aside is its living one.
  if (!isStale) appears(aside, path)
  rmSync(aside, { force: true })
  if (!isStale) throw refusal(output_dir, path, 'another process')
}

function refusal(output_dir: string, path: string, holder: string): SpanforgeError {
  return new SpanforgeError(`${output_dir}: in use by another run (${holder})`, {
    remedy: `Wait for it to end, or choose another --output_dir. If no such process runs, remove ${path}.`,
  })
}

function isRunning({ pid, started }: z.output<typeof owner>): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs, for somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = startOf(pid)
  return started === null || now === null || started === now
}

/**
 * Of Linux's /proc/<pid>/stat: field 22, the start in clock ticks since boot, unless field 3 calls the process a
 * zombie. Field 2, a name in brackets, may hold anything. Null on other systems.
 */
function startOf(pid: number): string | null {
  const stat = contentOf(`/proc/${pid}/stat`)
  if (stat === undefined) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? 'ended' : fields[19]
}

function parse(content: string): z.output<typeof owner> | undefined {
  try {
    return owner.parse(JSON.parse(content))
  } catch {
    return undefined
  }
}

function contentOf(path: string): string | undefined {
  try {
    // Reading a FIFO would block for ever.
    return statSync(path).isFile() ? readFileSync(path, 'utf8') : undefined
  } catch {
    return undefined
  }
}
