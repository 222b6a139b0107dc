import { randomUUID } from 'node:crypto'
import * as fs from 'node:fs'
import { dirname, resolve, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SpanforgeError } from '../errors.ts'
import { explain, makeFolder } from './explain.ts'
import { heartbeat } from './heartbeat.ts'
import { breakLock, createLock, type FoundLock, findLock, removeLeftovers, removeLock, renewLock } from './lock-file.ts'
import { describeOwner, evidenceOf, ownerText, seemsToRun } from './lock-owner.ts'

export interface LockTiming {
  /** Milliseconds between heartbeats. */
  readonly beat: number
  /** Milliseconds without a heartbeat, as observed by a contender, after which the lock may be taken over. */
  readonly silence: number
}

export const LOCK_TIMING: LockTiming = { beat: 5_000, silence: 30_000 }

const POLL = 100
/** Maximum time that counts as observed between two looks, because the observer itself may have been paused. */
const MAX_LOOK_MS = 10 * POLL

export interface LockOptions {
  /** What may be written only while the lock is held: a folder with its contents, or a file and `FILE.*`. */
  readonly guards: string
  /** Alternative to waiting for another holder; completes "Wait for it to end, or ...". */
  readonly remedy: string
  /**
   * Called once if the holder is running, in which case the call waits. Without `onWait`, a running holder is an error.
   */
  readonly onWait?: () => void
  /** Called once if determining whether the holder is running takes some time. */
  readonly onDoubt?: (sentence: string) => void
  /** Aborts waiting with its reason. */
  readonly signal?: AbortSignal
  readonly timing?: LockTiming
}

export interface Lock {
  /** @throws SpanforgeError if the lock was lost because this process was paused and another one took it over */
  assertHeld(): void
  release(): void
}

/**
 * Acquires the lock file at `path`, creating its folder if necessary. A lock is taken over if its holder has provably
 * ended, or if this process observes no heartbeat for `silence` milliseconds. Clocks of different machines are never
 * compared.
 */
export async function acquireLock(path: string, options: LockOptions): Promise<Lock> {
  const { guards, signal, timing = LOCK_TIMING } = options
  const text = ownerText(randomUUID())
  const watch = new Watch(MAX_LOOK_MS)
  const rivals = new Watch(MAX_LOOK_MS)
  const waitOrReject = once((found: FoundLock) => {
    if (!options.onWait) throw rejection(found, options)
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
        const permit = breakLock(path, found, text)
        if (!permit) continue
        // Another process is removing the lock, which takes an instant, or was killed while it did.
        const rival = findLock(permit)
        if (rival && rivals.look(rival, timing.silence) === 'dead') removeLock(permit, rival)
        else await sleep(POLL / 10)
        signal?.throwIfAborted()
        continue
      }
      if (found.owner?.kind === 'legacy run') throw legacyRejection(path, found, options)
      if (state === 'alive') waitOrReject(found)
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

/** Runs `body` while holding the lock. */
export async function withLock<T>(path: string, body: () => Promise<T>, options: LockOptions): Promise<T> {
  const lock = await acquireLock(path, options)
  try {
    return await body()
  } finally {
    lock.release()
  }
}

/** Whether a running process holds the lock. Observes the heartbeat if there is no other way to tell. */
export async function isLocked(path: string, { silence } = LOCK_TIMING): Promise<boolean> {
  const watch = new Watch(MAX_LOOK_MS)
  for (;;) {
    const found = findLock(path)
    if (!found) return false
    const state = watch.look(found, silence)
    if (state !== 'unknown') return state === 'alive'
    await sleep(POLL)
  }
}

/**
 * Must be called before every write that does not use `writeFileAtomic`, which checks by itself.
 * @throws SpanforgeError if this process acquired the lock that guards `path` but no longer holds it
 */
export function assertLocksHeld(path: string): void {
  for (const lock of held) if (lock.isGuarding(resolve(path))) lock.assertHeld()
}

/** Repeatedly checks whether the holders of locks are running, for display. */
export class LockWatch {
  private readonly watches = new Map<string, Watch>()

  /** Also returns false for a lock file that cannot be read. */
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
    // Initially, compare clocks. The first observed heartbeat corrects the result.
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

/** Tracks the state of a lock's holder by looking at the lock file from time to time. */
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
    // Version 0.1.0 sends heartbeats less regularly, from its main thread.
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

  /**
   * A recently renewed lock cannot have been taken over. Checks two clocks, because one of them stops while a machine
   * sleeps.
   */
  private wasRenewedJustNow(): boolean {
    const moment = (this.options.timing ?? LOCK_TIMING).beat / 10
    const passed = [Date.now() - this.checked.wall, performance.now() - this.checked.monotonic]
    return passed.every((milliseconds) => milliseconds >= 0 && milliseconds < moment)
  }

  private renew(): boolean {
    for (let tries = 0; tries < 5; tries++) {
      if (renewLock(fs, this.path, this.text)) return true
      // A contender may have moved the file temporarily, or the file system has a problem.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
    }
    return false
  }

  private loss(): SpanforgeError {
    const found = findLock(this.path)
    const state = found ? `it is held by ${describeOwner(found.owner)}` : 'its file is gone'
    return new SpanforgeError(`${this.options.guards}: this process lost its lock: ${state}`, {
      remedy:
        'It was paused or disconnected from the file system for so long that another process took over. ' +
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
  `${guards}: locked by ${describeOwner(owner)}. Checking whether it is still running (up to ${Math.ceil(silence / 1000)} s).`

function rejection(found: FoundLock, { guards, remedy }: LockOptions): SpanforgeError {
  return new SpanforgeError(`${guards}: in use by another run (${describeOwner(found.owner)})`, {
    remedy: `Wait for it to end, or ${remedy}.`,
  })
}

function legacyRejection(path: string, found: FoundLock, { guards, remedy }: LockOptions): SpanforgeError {
  return new SpanforgeError(
    `${guards}: locked by a run of spanforge 0.1.0 (${describeOwner(found.owner)}), which does not indicate whether it is still running`,
    { remedy: `If it has ended, remove ${path}; otherwise wait for it to end, or ${remedy}.` },
  )
}
