import { createRequire } from 'node:module'
import type koffi from 'koffi'

/** OpenVINO needs a large stack, and oneDNN compiles code on the stack that it is called on. */
const STACK_BYTES = 8 * 2 ** 20

const PAGE = 4096
/** MADV_HUGEPAGE of Linux */
const HUGE_PAGES = 14

const require = createRequire(import.meta.url)
let ffi: typeof koffi | undefined

/** Called only when a native library may be there. Otherwise koffi is never loaded. */
export function loadKoffi(): typeof koffi {
  if (!ffi) {
    ffi = require('koffi') as typeof koffi
    // koffi cannot be configured after it has loaded a library, and another copy of this module may already have
    // configured it.
    if (ffi.config().sync_stack_size !== STACK_BYTES)
      ffi.config({ sync_stack_size: STACK_BYTES, async_stack_size: STACK_BYTES })
  }
  return ffi
}

let native: ReturnType<typeof load> | undefined

/** Loaded by the first caller that has found a library: without one, koffi is never loaded. */
export const nativeMemory = () => (native ??= load())

function load() {
  const ffi = loadKoffi()
  const c = ffi.load(null)
  const [P, size] = ['void *', 'size_t']
  const memmove = c.func('memmove', P, [P, P, size])
  const mmap = c.func('mmap', P, [size, size, 'int', 'int', 'int', 'long'])
  const madvise = c.func('madvise', 'int', [P, size, 'int'])
  /** Asks the system for large pages where memory is used for the first time. */
  const preferLargePages = (address: number, bytes: number): void => {
    const start = address - (address % PAGE)
    madvise(start, address + bytes - start, HUGE_PAGES)
  }
  return {
    ffi,
    move: (to: number, from: number, bytes: number): void => void memmove(to, from, bytes),
    fill: c.func('memset', P, [P, 'int', size]) as (address: number, byte: number, bytes: number) => void,
    view: (address: number, bytes: number): ArrayBuffer => ffi.view(address, bytes),
    /** Returns the address of an array, which stays the same as long as the array exists. */
    addressOf(array: ArrayBufferView): number {
      // A small array is inside V8's heap, where it can move, until somebody asks for its buffer.
      void array.buffer
      return Number(memmove(array, array, 0))
    },
    preferLargePages,
    /** Reserves addresses; the system provides memory for those that are used, in large pages where it can. */
    reserve(bytes: number): number {
      const [READ_WRITE, PRIVATE_ANONYMOUS_NORESERVE] = [3, 0x4022]
      const address = Number(mmap(0, bytes, READ_WRITE, PRIVATE_ANONYMOUS_NORESERVE, -1, 0))
      if (address <= 0) throw new Error(`cannot reserve ${bytes} bytes of addresses`)
      preferLargePages(address, bytes)
      return address
    },
    unreserve: c.func('munmap', 'int', [P, size]) as (address: number, bytes: number) => void,
  }
}
