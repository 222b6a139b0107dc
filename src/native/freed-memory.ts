import { loadKoffi } from './koffi.ts'

/** Parameter of mallopt: the size from which allocations have pages of their own. */
const M_MMAP_THRESHOLD = -3
const THRESHOLD = 2 ** 18

/**
 * Makes the C library return large freed blocks to the system at once, from now on. By default, glibc keeps them for
 * later allocations once a block of the same size has been freed, and the peak of a process that opens one model after
 * the other grows by a quarter. Does nothing on other systems.
 */
export function returnFreedMemory(): void {
  if (process.platform !== 'linux') return
  try {
    loadKoffi().load(null).func('mallopt', 'int', ['int', 'int'])(M_MMAP_THRESHOLD, THRESHOLD)
  } catch {
    // Not every C library has mallopt.
  }
}
