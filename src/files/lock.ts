import { randomUUID } from 'node:crypto'
import * as fs from 'node:fs'
import { dirname, resolve, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SpanforgeError } from '../errors.ts'
import { explain, makeFolder } from './explain.ts'
import { heartbeat } from './heartbeat.ts'
import { breakLock, createLock, type FoundLock, findLock, removeLeftovers, renewLock } from './lock-file.ts'
import { describeOwner, evidenceOf, ownerText, seemsToRun } from './lock-owner.ts'

export interface LockTiming {
  /** Milliseconds between two heartbeats. */
  readonly beat: number
  /** Milliseconds without a heartbeat, as watched from here, after which a lock is taken over. */
  readonly silence: number
}

export const LOCK_TIMING: LockTiming = { beat: 5_000, silence: 30_000 }

const POLL = 100
/** What a watcher counts at most between two looks: one that was paused itself has not watched. */
const LONGEST_LOOK = 10 * POLL

export interface LockOptions {
  /** What may only be written while the lock is held: a folder with all that is in it, or a file and `FILE.*`. */
  readonly guards: string
  /** How to get on if another process holds it, as in "Wait for it to end, or ...". */
  readonly remedy: string
  /** Called once if the lock's holder runs: then this waits for it. Without `onWait` a running holder is an error. */
  readonly onWait?: () => void
  /** Called once if it takes some time to find out whether the holder still runs. */
  readonly onDoubt?: (sentence: string) => void
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal
  readonly timing?: LockTiming
}

export interface Lock {
  /** @throws SpanforgeError if the lock is no longer held: this process was paused, and another one took it over */
  assertHeld(): void
  release(): void
}

/**
 * Takes the lock file at `path` for this process; its folder is created if necessary. A lock is taken over from a
 * process that has provably ended, or whose heartbeat does not come for `silence` milliseconds while this process
 * watches: clocks of different machines are never compared.
 */
export async function acquireLock(path: string, options: LockOptions): Promise<Lock> {
  const { guards, signal, timing = LOCK_TIMING } = options
  const text = ownerText(randomUUID())
  const watch = new Watch(LONGEST_LOOK)
  const waitOrRefuse = once((found: FoundLock) => {
    if (!options.onWait) throw refusal(found, options)
    options.onWait()
  })
  const doubt = once((found: FoundLock) => options.onDoubt?.(doubtSentence(found, guards, timing)))
  try {
    for (;;) {
      const found = findLock(path)
      if (!found) {
        makeFolder(dirname(path))
        if (createLock(path, text)) break
        continue
      }
      const state = watch.look(found, timing.silence)
      if (state === 'dead') {
        breakLock(path, found)
        continue
      }
      if (found.owner?.kind === 'legacy run') throw legacyRefusal(path, found, options)
      if (state === 'alive') waitOrRefuse(found)
      else doubt(found)
      await sleep(POLL)
      signal?.throwIfAborted()
    }
    removeLeftovers(path, timing.silence)
  } catch (error) {
    throw explain(guards, error)
  }
  return new HeldLock(path, text, options)
}

/** Runs `body` while this process holds the lock. */
export async function withLock<T>(path: string, body: () => Promise<T>, options: LockOptions): Promise<T> {
  const lock = await acquireLock(path, options)
  try {
    return await body()
  } finally {
    lock.release()
  }
}

/** Whether a running process holds the lock: watched, where there is no other way to know. */
export async function isLocked(path: string, { silence } = LOCK_TIMING): Promise<boolean> {
  const watch = new Watch(LONGEST_LOOK)
  for (;;) {
    const found = findLock(path)
    if (!found) return false
    const state = watch.look(found, silence)
    if (state !== 'unknown') return state === 'alive'
    await sleep(POLL)
  }
}

/**
 * @throws SpanforgeError if this process locked what `path` belongs to and no longer holds that lock. To be called
 * before every write that is not made by `writeFileAtomic`, which does so itself.
 */
export function assertLocksHeld(path: string): void {
  for (const lock of held) if (lock.isGuarding(resolve(path))) lock.assertHeld()
}

/** Locks seen again and again by one that only shows whether their holders run. */
export class LockWatch {
  private readonly watches = new Map<string, Watch>()

  /** False too for a lock file that cannot be read. */
  isHeld(path: string, { silence } = LOCK_TIMING): boolean {
    const found = readable(path)
    if (!found) {
      this.watches.delete(path)
      return false
    }
    if (found.owner?.kind === 'legacy run') return seemsToRun(found.owner)
    const watch = this.watches.get(path) ?? new Watch(Number.POSITIVE_INFINITY)
    this.watches.set(path, watch)
    const state = watch.look(found, silence)
    // At first sight the clocks have to do; the first heartbeat that comes corrects them.
    return state === 'unknown' ? Date.now() - found.modified < silence : state === 'alive'
  }
}

function readable(path: string): FoundLock | undefined {
  try {
    return findLock(path)
  } catch {
    return undefined
  }
}

/** What can be known of a lock's holder by looking at the lock file from time to time. */
class Watch {
  private beat: string | undefined
  private owner = ''
  private lastLook = 0
  private silent = 0
  private hasBeaten = false

  constructor(private readonly longestLook: number) {}

  look(found: FoundLock, silence: number): 'alive' | 'dead' | 'unknown' {
    const now = performance.now()
    const owner = JSON.stringify(found.owner)
    if (found.beat === this.beat) this.silent += Math.min(now - this.lastLook, this.longestLook)
    else {
      this.hasBeaten = this.beat !== undefined && owner === this.owner
      this.silent = 0
    }
    this.beat = found.beat
    this.owner = owner
    this.lastLook = now
    const evidence = evidenceOf(found.owner)
    if (evidence !== 'unknown') return evidence
    // 0.1.0 beats from its main thread, and less regularly.
    const limit = found.owner?.kind === 'legacy' ? 2 * silence : silence
    if (found.owner?.kind !== 'legacy run' && this.silent > limit) return 'dead'
    return this.hasBeaten ? 'alive' : 'unknown'
  }
}

const held = new Set<HeldLock>()

class HeldLock implements Lock {
  private readonly guarded: string
  private checked = { wall: 0, monotonic: 0 }

  constructor(
    private readonly path: string,
    private readonly text: string,
    private readonly options: LockOptions,
  ) {
    this.guarded = resolve(options.guards)
    if (held.size === 0) process.once('exit', releaseAll)
    held.add(this)
    heartbeat.start(path, text, (options.timing ?? LOCK_TIMING).beat)
  }

  isGuarding(path: string): boolean {
    return path === this.guarded || path.startsWith(this.guarded + sep) || path.startsWith(`${this.guarded}.`)
  }

  assertHeld(): void {
    if (this.wasRenewedJustNow()) return
    if (!this.renew()) throw this.loss()
    this.checked = { wall: Date.now(), monotonic: performance.now() }
  }

  release(): void {
    if (!held.delete(this)) return
    heartbeat.stop(this.path)
    if (held.size === 0) process.off('exit', releaseAll)
    if (renewLock(fs, this.path, this.text)) fs.rmSync(this.path, { force: true })
  }

  /** Nobody takes over a lock that was renewed a moment ago. Two clocks, as one of them stops while a machine sleeps. */
  private wasRenewedJustNow(): boolean {
    const moment = (this.options.timing ?? LOCK_TIMING).beat / 10
    const passed = [Date.now() - this.checked.wall, performance.now() - this.checked.monotonic]
    return passed.every((milliseconds) => milliseconds >= 0 && milliseconds < moment)
  }

  private renew(): boolean {
    for (let tries = 0; tries < 5; tries++) {
      if (renewLock(fs, this.path, this.text)) return true
      // Moved away for a moment by a contender that will put it back, or the file system is in trouble.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
    }
    return false
  }

  private loss(): SpanforgeError {
    const found = findLock(this.path)
    const state = found ? `it is held by ${describeOwner(found.owner)}` : 'its file is gone'
    return new SpanforgeError(`${this.options.guards}: this process lost its lock: ${state}`, {
      remedy:
        'It was paused, or cut off from the file system, for so long that another process took over. ' +
        'Nothing has been written since. Let the other process finish.',
    })
  }
}

function releaseAll(): void {
  for (const lock of held) lock.release()
}

function once<Argument>(call: (argument: Argument) => void): (argument: Argument) => void {
  let isCalled = false
  return (argument) => {
    if (!isCalled) call(argument)
    isCalled = true
  }
}

const doubtSentence = ({ owner }: FoundLock, guards: string, { silence }: LockTiming): string =>
  `${guards}: locked by ${describeOwner(owner)}. Checking whether it still runs (up to ${Math.ceil(silence / 1000)} s).`

function refusal(found: FoundLock, { guards, remedy }: LockOptions): SpanforgeError {
  return new SpanforgeError(`${guards}: in use by another run (${describeOwner(found.owner)})`, {
    remedy: `Wait for it to end, or ${remedy}.`,
  })
}

function legacyRefusal(path: string, found: FoundLock, { guards, remedy }: LockOptions): SpanforgeError {
  return new SpanforgeError(
    `${guards}: locked by a run of spanforge 0.1.0 (${describeOwner(found.owner)}), which does not show whether it still runs`,
    { remedy: `If it has ended, remove ${path}; otherwise wait for it to end, or ${remedy}.` },
  )
}
