import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { hasPidNamespaces } from '../../tests/pid-namespace.ts'
import { killAndWait, type Script, startScript, startScriptInNamespace } from '../../tests/script.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { writeFileAtomic } from './atomic.ts'
import { acquireLock, assertLocksHeld, isLocked, type LockOptions, LockWatch, withLock } from './lock.ts'
import { findLock, permitOf } from './lock-file.ts'

vi.setConfig({ testTimeout: 60_000 })

const TIMING = { beat: 50, silence: 600 }

const lockIn = (folder: string, options: Partial<LockOptions> = {}) =>
  acquireLock(join(folder, '.lock'), { guards: folder, remedy: 'choose another folder', timing: TIMING, ...options })

/** Returns the lock that this process would write, with some fields changed. */
async function lockFileWith(folder: string, change: object): Promise<string> {
  const path = join(folder, '.lock')
  const lock = await lockIn(folder, { timing: { beat: 60_000, silence: 60_000 } })
  const owner = JSON.parse(readFileSync(path, 'utf8'))
  lock.release()
  writeFileSync(path, JSON.stringify({ ...owner, token: 'of another', ...change }))
  return path
}

/** Touches a file like a lock holder, until it is stopped. */
function beating(path: string, interval = 50): () => void {
  const timer = setInterval(() => utimesSync(path, new Date(), new Date()), interval)
  return () => clearInterval(timer)
}

const startHolder = async (start: typeof startScript, folder: string, ...more: string[]): Promise<Script> => {
  const script = start('hold-lock', folder, String(TIMING.beat), String(TIMING.silence), ...more)
  await once(script.stdout, 'data')
  return script
}

describe('a lock', () => {
  it('excludes others until it is released, and leaves no file', async () => {
    const folder = join(temporaryFolder(), 'deep', 'run')
    const lock = await lockIn(folder)
    await expect(lockIn(folder)).rejects.toThrow(
      new RegExp(
        `in use by another run \\(process ${process.pid} on ${hostname()}, since .*\\)\n  Wait for it to end, or`,
      ),
    )
    lock.release()
    expect(readdirSync(folder)).toEqual([])
    ;(await lockIn(folder)).release()
  })

  it('is acquired by one waiting process at a time', async () => {
    const path = join(temporaryFolder(), 'deep', 'turns')
    let holders = 0
    let waited = 0
    const hold = async () => {
      expect(++holders).toBe(1)
      expect(await isLocked(path)).toBe(true)
      holders--
    }
    const options = { guards: path, remedy: '', onWait: () => waited++ }
    await Promise.all([1, 2, 3].map(() => withLock(path, hold, options)))
    expect(waited).toBeGreaterThanOrEqual(2)
    await expect(withLock(path, () => Promise.reject(new Error('no')), options)).rejects.toThrow('no')
    expect(existsSync(path)).toBe(false)
  })

  it('stops waiting with the reason of a signal', async () => {
    const folder = temporaryFolder()
    const lock = await lockIn(folder)
    const interrupt = new AbortController()
    const reason = new Error('interrupted')
    const onWait = () => interrupt.abort(reason)
    await expect(lockIn(folder, { onWait, signal: interrupt.signal })).rejects.toBe(reason)
    lock.release()
  })

  it('is released when the process exits normally', async () => {
    const folder = temporaryFolder()
    await once(startScript('exit-with-lock', folder), 'exit')
    expect(readdirSync(folder)).toEqual([])
  })

  it('of a killed process is taken over immediately, even if its PID was reused', async () => {
    const folder = temporaryFolder()
    const script = await startHolder(startScript, folder)
    await expect(lockIn(folder)).rejects.toThrow(`in use by another run (process ${script.pid} on`)
    await killAndWait(script)
    const onDoubt = vi.fn()
    ;(await lockIn(folder, { onDoubt })).release()
    if (existsSync('/proc/self/stat')) {
      await lockFileWith(folder, { started: '1' })
      ;(await lockIn(folder, { onDoubt })).release()
    }
    expect(onDoubt).not.toHaveBeenCalled()
  })

  it('of processes that are not visible is respected only while there are heartbeats', async () => {
    const unseen = [{ host: 'elsewhere' }, { boot: 'before' }, { pid_namespace: 'pid:[1]' }, { pid_namespace: null }]
    const look = async (change: object) => {
      const folder = temporaryFolder()
      const path = await lockFileWith(folder, { pid: 2 ** 22, ...change })
      // The clocks of two machines may differ.
      utimesSync(path, new Date(0), new Date(0))
      const onDoubt = vi.fn()
      const stop = beating(path)
      await expect(lockIn(folder, { onDoubt })).rejects.toThrow(`in use by another run (process ${2 ** 22} on`)
      expect(onDoubt).toHaveBeenCalledExactlyOnceWith(
        expect.stringContaining('Checking whether it is still running (up to 1 s)'),
      )
      expect(await isLocked(path, TIMING)).toBe(true)
      stop()
      const began = performance.now()
      const freed = isLocked(path, TIMING)
      ;(await lockIn(folder)).release()
      expect(performance.now() - began).toBeGreaterThan(TIMING.silence)
      expect(await freed).toBe(false)
    }
    await Promise.all(unseen.map(look))
  })

  it('with invalid content is taken over if it does not change; a lock that is not a file is reported', async () => {
    const folder = temporaryFolder()
    const path = join(folder, '.lock')
    writeFileSync(path, 'rubbish')
    ;(await lockIn(folder)).release()
    symlinkSync('nowhere', path)
    await expect(lockIn(folder)).rejects.toThrow('is not a readable lock file')
    rmSync(path)
    mkdirSync(path)
    await expect(lockIn(folder)).rejects.toThrow('is not a readable lock file')
    expect(new LockWatch().isHeld(path)).toBe(false)
  })

  it('of a run of version 0.1.0, which has no heartbeat, is an error that names the file to remove', async () => {
    const folder = temporaryFolder()
    const path = join(folder, '.lock')
    writeFileSync(
      path,
      JSON.stringify({ pid: 2 ** 22, host: hostname(), started: '7', since: '2026-01-31T12:00:00.000Z' }),
    )
    await expect(lockIn(folder)).rejects.toThrow(
      `locked by a run of spanforge 0.1.0 (process ${2 ** 22} on ${hostname()}, since 2026-01-31T12:00:00.000Z), ` +
        `which does not indicate whether it is still running\n  If it has ended, remove ${path};`,
    )
  })

  it('of a download of version 0.1.0, which has a heartbeat, is observed', async () => {
    const folder = temporaryFolder()
    const path = join(folder, '.lock')
    writeFileSync(path, JSON.stringify({ pid: 2 ** 22, host: hostname(), id: 'x' }))
    const stop = beating(path, 400)
    await expect(lockIn(folder)).rejects.toThrow('in use by another run')
    stop()
    ;(await lockIn(folder)).release()
  })

  it('is acquired by only one process, even if many find it stale at the same time', async () => {
    const folder = temporaryFolder()
    const holder = await startHolder(startScript, folder)
    const dead = readFileSync(join(folder, '.lock'), 'utf8')
    await killAndWait(holder)
    const scripts = Array.from({ length: 4 }, () => startScript('take-turns', folder, '20', dead))
    expect(await Promise.all(scripts.map((script) => once(script, 'exit')))).toEqual(Array(4).fill([0, null]))
    expect(readdirSync(folder).filter((name) => name !== '.lock')).toEqual([])
  })

  it('of a killed process is taken over even if a process that removed it was killed', async () => {
    const folder = temporaryFolder()
    const path = join(folder, '.lock')
    const holder = await startHolder(startScript, folder)
    const dead = readFileSync(path, 'utf8')
    await killAndWait(holder)
    const found = findLock(path)
    if (!found) throw new Error('no lock')
    writeFileSync(permitOf(path, found), dead)
    ;(await lockIn(folder)).release()
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('the holder of a lock', () => {
  it('does not write to guarded files after another process has taken over the lock', async () => {
    const folder = temporaryFolder()
    const lock = await lockIn(folder)
    await writeFileAtomic(join(folder, 'file'), 'mine')
    await sleep(10)
    writeFileSync(join(folder, '.lock'), JSON.stringify({ pid: 7, host: 'elsewhere', id: 'x' }))
    for (const write of [
      () => lock.assertHeld(),
      () => assertLocksHeld(join(folder, 'deep', 'file')),
      () => assertLocksHeld(`${folder}.partial`),
    ])
      expect(write).toThrow(`${folder}: this process lost its lock: it is held by process 7 on elsewhere`)
    await expect(writeFileAtomic(join(folder, 'file'), 'late')).rejects.toThrow('lost its lock')
    expect(() => assertLocksHeld(`${folder}-other`)).not.toThrow()
    lock.release()
    expect(readdirSync(folder).sort()).toEqual(['.lock', 'file'])
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('mine')
  })

  it('also stops if the lock file is gone, because another process may have come and ended', async () => {
    const folder = temporaryFolder()
    const lock = await lockIn(folder)
    rmSync(join(folder, '.lock'))
    expect(() => lock.assertHeld()).toThrow('this process lost its lock: its file is gone')
    lock.release()
  })
})

describe.runIf(hasPidNamespaces)('processes with the same host name in another PID namespace', () => {
  it('keep their lock although their PID is not visible, and while their main thread is busy', async () => {
    const folder = temporaryFolder()
    const holder = await startHolder(startScriptInNamespace, folder)
    await sleep(2 * TIMING.silence)
    await expect(lockIn(folder)).rejects.toThrow(`on ${hostname()}, since`)
    const ended = once(holder, 'exit')
    process.kill(processInside(holder.pid!), 'SIGKILL')
    await ended
    ;(await lockIn(folder)).release()
  })

  it('lose it while they are paused, and fail before they write again', async () => {
    const folder = temporaryFolder()
    const holder = await startHolder(startScriptInNamespace, folder, 'write')
    const output = text(holder.stdout)
    const pid = processInside(holder.pid!)
    process.kill(pid, 'SIGSTOP')
    const lock = await lockIn(folder)
    await writeFileAtomic(join(folder, 'written'), 'by the second')
    process.kill(pid, 'SIGCONT')
    expect(await output).toContain(`${folder}: this process lost its lock: it is held by process ${process.pid} on`)
    expect(readFileSync(join(folder, 'written'), 'utf8')).toBe('by the second')
    lock.release()
  })
})

/** The process started by unshare, by its PID in this namespace. */
const processInside = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ', 1)[0])

it('LockWatch compares clocks, and relies on heartbeats if the clocks differ', async () => {
  const folder = temporaryFolder()
  const watch = new LockWatch()
  const path = join(folder, '.lock')
  expect(watch.isHeld(path)).toBe(false)
  const lock = await lockIn(folder)
  expect(watch.isHeld(path)).toBe(true)
  lock.release()
  await lockFileWith(folder, { host: 'elsewhere' })
  expect(watch.isHeld(path, TIMING)).toBe(true)
  utimesSync(path, new Date(1000), new Date(1000))
  expect(watch.isHeld(path, TIMING)).toBe(true)
  await sleep(TIMING.silence + 100)
  expect(watch.isHeld(path, TIMING)).toBe(false)
  expect(new LockWatch().isHeld(path, TIMING)).toBe(false)
  utimesSync(path, new Date(2000), new Date(2000))
  expect(watch.isHeld(path, TIMING)).toBe(true)
})
