import { promisify } from 'node:util'
import type koffi from 'koffi'
import type { LibraryHandle } from 'koffi'
import { SpanforgeError } from '../../errors.ts'
import type { Handle } from '../../native/find-library.ts'
import { loadKoffi } from '../../native/koffi.ts'
import { MEMORY_REMEDY } from '../engine.ts'

/** The library's message for a failed call, before context is added. */
export class OpenVinoFailure extends Error {}

/** A C type, by name or as created by koffi. */
export type Type = Parameters<typeof koffi.sizeof>[0]

/** A shared library whose functions return a status (0 for success) and store the message of the last failure. */
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

  /**
   * Declares a function without a result. The returned function throws OpenVinoFailure if the library reports a
   * failure.
   */
  command(name: string, types: Type[]): (...args: unknown[]) => void {
    const f = this.lib.func(name, 'int', types)
    return (...args) => this.check(f(...args))
  }

  /**
   * Declares a function whose last argument is a pointer to a result of type `result`. The returned function throws
   * OpenVinoFailure if the library reports a failure.
   */
  query<T = Handle>(name: string, types: Type[], result: Type = 'void *'): (...args: unknown[]) => T {
    const command = this.command(name, [...types, this.out(result)])
    return (...args) => {
      const place: [T | null] = [null]
      command(...args, place)
      return place[0]!
    }
  }

  /** Declares a function that returns a string, which is freed after decoding. */
  text(name: string, types: Type[]): (...args: unknown[]) => string {
    const query = this.query(name, types)
    return (...args) => {
      const address = query(...args)
      const text = this.koffi.decode.string(address)
      this.freeText(address)
      return text
    }
  }

  /** Declares a function that is called on a separate thread. */
  away(name: string, types: Type[]): (...args: unknown[]) => Promise<void> {
    const f = promisify(this.lib.func(name, 'int', types).async) as (...args: unknown[]) => Promise<unknown>
    return async (...args) => this.check((await f(...args)) as number)
  }

  /** Declares a function that frees a handle. */
  free<T = Handle>(name: string, type: Type = 'void *'): (handle: T) => void {
    return this.lib.func(name, 'void', [type])
  }

  /** The type of an output parameter. */
  out(type: Type): Type {
    return this.koffi.out(this.koffi.pointer(type))
  }

  /**
   * Disables the primitive cache of oneDNN, which OpenVINO uses. The cache keeps compiled code for every shape, and
   * since almost every pass has a new shape it would grow by 8 MB per pass. oneDNN reads the variable once from the
   * environment of the process; in a worker, process.env is only a copy, so setenv is called as well.
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

/** Converts an error of the library to a SpanforgeError. Removes OpenVINO's source locations and adds a remedy. */
export function openVinoError(what: string, error: unknown): unknown {
  if (!(error instanceof OpenVinoFailure)) return error
  const words = error.message
    .split('\n')
    .filter((line) => !/^\s*(Exception from .*|)$/.test(line))
    .join('\n')
  const isMemory = /bad.?alloc|allocate|out of memory/i.test(words)
  return new SpanforgeError(isMemory ? `memory: OpenVINO ran out of memory (${words})` : `${what}: ${words}`, {
    remedy: isMemory ? MEMORY_REMEDY : undefined,
    cause: error,
  })
}
