import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import type koffi from 'koffi'
import type { LibraryHandle } from 'koffi'

/** An address that the library gave out and that must be given back to it. */
export type Handle = bigint

/** What a call of the library says when it fails, before anybody has said where. */
export class OpenVinoFailure extends Error {}

/** A C type, by name or as koffi makes it. */
export type Type = Parameters<typeof koffi.sizeof>[0]

/** OpenVINO works on the stack it is called on, and koffi's own for calls on other threads has 128 kB. */
const STACK_BYTES = 8 * 2 ** 20

const require = createRequire(import.meta.url)
let ffi: typeof koffi | undefined

/** Loaded here, by whoever found an OpenVINO: without one koffi is never loaded. */
function loadKoffi(): typeof koffi {
  if (!ffi) {
    ffi = require('koffi') as typeof koffi
    // Another copy of this module may have set it, and koffi refuses to be set once it has loaded a library.
    if (ffi.config().sync_stack_size !== STACK_BYTES)
      ffi.config({ sync_stack_size: STACK_BYTES, async_stack_size: STACK_BYTES })
  }
  return ffi
}

/** A shared library whose functions return a status, 0 for success, and keep the message of the last failure. */
export class CLibrary {
  readonly koffi = loadKoffi()
  private readonly lib: LibraryHandle
  private readonly lastError: () => string | null
  private readonly freeText: (text: Handle) => void

  constructor(file: string) {
    this.keepNoPrimitives()
    this.lib = this.koffi.load(file)
    this.lastError = this.lib.func('ov_get_last_err_msg', 'const char *', [])
    this.freeText = this.free('ov_free')
  }

  /** A function without a result. It and the next throw OpenVinoFailure where the library reports a failure. */
  command(name: string, types: Type[]): (...args: unknown[]) => void {
    const f = this.lib.func(name, 'int', types)
    return (...args) => this.check(f(...args))
  }

  /** A function with one more argument, where it puts a result of the type `result`. */
  query<T = Handle>(name: string, types: Type[], result: Type = 'void *'): (...args: unknown[]) => T {
    const command = this.command(name, [...types, this.out(result)])
    return (...args) => {
      const place: [T | null] = [null]
      command(...args, place)
      return place[0]!
    }
  }

  /** A function that gives a text, which has to be freed. */
  text(name: string, types: Type[]): (...args: unknown[]) => string {
    const query = this.query(name, types)
    return (...args) => {
      const address = query(...args)
      const text = this.koffi.decode.string(address)
      this.freeText(address)
      return text
    }
  }

  /** A function that is called on a thread of its own. */
  away(name: string, types: Type[]): (...args: unknown[]) => Promise<void> {
    const f = promisify(this.lib.func(name, 'int', types).async) as (...args: unknown[]) => Promise<unknown>
    return async (...args) => this.check((await f(...args)) as number)
  }

  /** A function that gives a handle back. */
  free<T = Handle>(name: string, type: Type = 'void *'): (handle: T) => void {
    return this.lib.func(name, 'void', [type])
  }

  /** Where a call puts a result. */
  out(type: Type): Type {
    return this.koffi.out(this.koffi.pointer(type))
  }

  /**
   * oneDNN within OpenVINO keeps compiled code for each shape: 8 MB a pass, where every pass has another. It reads this
   * once, from the environment of the process, of which a worker's process.env is a copy.
   */
  private keepNoPrimitives(): void {
    const name = 'ONEDNN_PRIMITIVE_CACHE_CAPACITY'
    if (process.env[name] !== undefined) return
    process.env[name] = '0'
    if (process.platform === 'win32') return
    this.koffi.load(null).func('setenv', 'int', ['const char *', 'const char *', 'int'])(name, '0', 1)
  }

  private check(status: number): void {
    if (status !== 0) throw new OpenVinoFailure(this.lastError()?.trim() || `status ${status}`)
  }
}
