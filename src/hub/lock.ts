import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'

const HEARTBEAT = 5_000
const SILENCE = 60_000
const POLL = 100

/**
 * Runs `body` while this process, and no other that locks the same path, holds the lock file. Its holder touches the
 * file every five seconds; a lock whose process is gone, or that is silent for a minute, is taken over. (Should the
 * holder only have slept, nothing breaks: what a download writes at a place in a file is the same for everybody.)
 *
 * Python's huggingface_hub locks with flock(), which Node cannot: the two keep apart by writing to different unfinished
 * files, and both give a blob its name by renaming.
 */
export async function withLock<T>(path: string, body: () => Promise<T>, onWait: () => void = () => {}): Promise<T> {
  await mkdir(dirname(path), { recursive: true })
  const owner = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() })
  let waited = false
  while (!(await take(path, owner))) {
    await breakStale(path)
    if (!waited && (await isLocked(path))) {
      waited = true
      onWait()
    }
    await new Promise((resolve) => setTimeout(resolve, POLL))
  }
  const heartbeat = setInterval(() => utimes(path, new Date(), new Date()).catch(() => {}), HEARTBEAT)
  heartbeat.unref()
  try {
    return await body()
  } finally {
    clearInterval(heartbeat)
    if ((await contentOf(path)) === owner) await rm(path, { force: true })
  }
}

/** Whether somebody alive holds the lock. */
export async function isLocked(path: string): Promise<boolean> {
  const owner = await contentOf(path)
  return owner !== undefined && !(await isStale(path, owner))
}

async function take(path: string, owner: string): Promise<boolean> {
  try {
    await writeFile(path, owner, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function breakStale(path: string): Promise<void> {
  const owner = await contentOf(path)
  if (owner === undefined || !(await isStale(path, owner))) return
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
    // Somebody else may have broken it first and a third have taken it since: then it is theirs, and goes back.
    const moved = await readFile(aside, 'utf8')
    if (moved !== owner) await writeFile(path, moved, { flag: 'wx' })
  } catch {
    // Gone already, or taken again: the next round looks anew.
  } finally {
    await rm(aside, { force: true })
  }
}

async function isStale(path: string, owner: string): Promise<boolean> {
  const age = Date.now() - (await stat(path).then(({ mtimeMs }) => mtimeMs, Date.now))
  if (age > SILENCE) return true
  try {
    const { pid, host } = JSON.parse(owner)
    return host === hostname() && !isRunning(pid)
  } catch {
    // Being written just now.
    return false
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const contentOf = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined)
