import { join } from 'node:path'
import { acquireLock, type Lock, type LockOptions, LockWatch } from '../../files/lock.ts'

const lockOf = (output_dir: string): string => join(output_dir, '.run.lock')

export type RunLockOptions = Pick<LockOptions, 'onDoubt' | 'signal' | 'timing'>

/**
 * Locks the output folder for this process, creating the folder if necessary.
 * @throws SpanforgeError if another process uses the folder
 */
export const acquireRunLock = (output_dir: string, options: RunLockOptions = {}): Promise<Lock> =>
  acquireLock(lockOf(output_dir), { ...options, guards: output_dir, remedy: 'choose another --output_dir' })

const watch = new LockWatch()

/** Whether a running process uses the output folder, judging from what can be checked immediately. */
export const isRunInProgress = (output_dir: string): boolean => watch.isHeld(lockOf(output_dir))
