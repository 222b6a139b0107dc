/** What the shell is told when a signal ended a process: 128 + its number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

export interface Interrupts {
  readonly signal: AbortSignal
  /** Asks the same without a signal: exit code and all are those of Ctrl-C. */
  readonly ask: () => void
  /** The exit code of the signal that came. */
  readonly exitCode: () => number
  readonly release: () => void
}

/** The first SIGINT or SIGTERM asks to end in good order, a second one ends the process at once. */
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
