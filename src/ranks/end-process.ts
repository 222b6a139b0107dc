import { nativeMemory } from '../native/memory.ts'

/**
 * Ends the process without ending its threads. One of them may be inside a call of MPI that never returns, and some
 * libraries crash when the thread that called them ends. If the exit code is not 0, the launcher ends the other ranks.
 */
export const endProcess = (exitCode: number): void =>
  void nativeMemory().ffi.load(null).func('_exit', 'void', ['int'])(exitCode)
