import type { Output } from './output.ts'

/** Exit codes for processes ended by a signal: 128 + signal number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

export interface Interrupts {
  readonly signal: AbortSignal
  /** Requests a stop programmatically, with the same effect and exit code as Ctrl-C. */
  readonly ask: () => void
  /** The exit code of the received signal. */
  readonly exitCode: () => number
  readonly release: () => void
}

/** On the first SIGINT or SIGTERM requests a graceful stop; on the second, exits immediately. */
export function catchInterrupts(announce: () => void): Interrupts {
  const controller = new AbortController()
  let exitCode = 0
  const end = (code: number) => {
    exitCode = code
    announce()
    controller.abort()
  }
  const handlers = Object.entries(EXIT_CODES).map(([name, code]) => {
    const handler = () => {
      if (controller.signal.aborted) process.exit(code)
      end(code)
    }
    process.on(name, handler)
    return [name, handler] as const
  })
  return {
    signal: controller.signal,
    ask: () => controller.signal.aborted || end(EXIT_CODES.SIGINT),
    exitCode: () => exitCode,
    release: () => {
      for (const [name, handler] of handlers) process.off(name, handler)
    },
  }
}

/**
 * Does work that stops at its signal, which the first SIGINT or SIGTERM aborts. If that stopped it, returns false and sets
 * the exit code.
 */
export async function untilInterrupted(output: Output, work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
  const interrupts = catchInterrupts(() => output.print('Stopping. Press Ctrl-C again to quit immediately.'))
  const { signal } = interrupts
  try {
    await work(signal)
    return true
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error
    process.exitCode = interrupts.exitCode()
    return false
  } finally {
    interrupts.release()
  }
}
