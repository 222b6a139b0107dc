import { SpanforgeError } from '../errors.ts'
import { printAbove } from '../runs/screen/live-bar.ts'
import { showMessage, showOnTerminal } from '../show-value.ts'
import { DataProblem } from '../squad/reading/data-problem.ts'

/** The lines of a stack that help, with a message of any length before them. */
const MAX_STACK = 3500

/** Where a command writes: `process` unless a test stands in. */
export interface Streams {
  readonly stdout: NodeJS.WritableStream & { isTTY?: boolean }
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean }
}

export interface Output {
  /** True where people read: what a command says only to a person need not be put together otherwise. */
  readonly forPeople: boolean
  /** Text for people: on standard output, or on standard error when that is kept for JSON. */
  print(text: string): void
  /** The command's result, once: one JSON document on standard output with --json, nothing without. */
  result(document: unknown): void
}

/** With `json` standard output carries exactly one JSON document; all else goes to standard error. */
export function createOutput(json: boolean, { stdout, stderr }: Streams = process): Output {
  let given = false
  return {
    forPeople: !json,
    print(text) {
      const stream = json ? stderr : stdout
      const shown = showOnTerminal(text)
      if (stream.isTTY) printAbove(shown, stream)
      else stream.write(`${shown}\n`)
    },
    result(document) {
      if (given) throw new Error('a command gave two results')
      given = true
      if (json) stdout.write(`${JSON.stringify(document, null, 2)}\n`)
    },
  }
}

/**
 * Runs a command to its end, prints what went wrong and returns the exit code: 0, or the error's own (1 in general,
 * 2 for a wrong command line), or 1 for an error that nobody foresaw.
 */
export async function exitCodeOf(command: () => Promise<void>, { stderr }: Pick<Streams, 'stderr'> = process) {
  try {
    await command()
    return 0
  } catch (error) {
    stderr.write(`${describeError(error)}\n`)
    return error instanceof SpanforgeError ? error.exitCode : 1
  }
}

/** A foreseen error is its message and remedy; the stack only for those who set DEBUG, or when nobody foresaw it. */
export function describeError(error: unknown, debug = Boolean(process.env.DEBUG)): string {
  const stack = error instanceof Error ? stackWithCauses(error) : String(error)
  if (error instanceof SpanforgeError) return `error: ${debug ? stack : error.message}${moreOf(error)}`
  return `unexpected error: ${showMessage(stack, MAX_STACK)}\n  This is a fault in spanforge: please report it, with the lines above and the command.`
}

/** Reading ends at the first problem of a data file; a check goes on to its end. */
const moreOf = (error: SpanforgeError): string =>
  error instanceof DataProblem && error.kind !== 'unreadable' && !error.message.includes('data check')
    ? '\n  "spanforge data check FILE" lists all problems of the file; with --fix OUT it writes a corrected copy.'
    : ''

function stackWithCauses(error: Error): string {
  const stack = error.stack ?? `${error.name}: ${error.message}`
  return error.cause instanceof Error ? `${stack}\ncaused by ${stackWithCauses(error.cause)}` : stack
}

/**
 * A reader that went away (`spanforge ... | head`) is no error: what is still written to it is dropped, and the command
 * runs to its end, so that hours of training do not die with a pager. So does it where standard output cannot be
 * written, as on a full disk; that is said once, and the exit code is 1.
 */
export function handleStreamErrors({ stdout, stderr }: Streams = process): void {
  let failed = false
  stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (failed || code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') return
    failed = true
    process.exitCode = 1
    stderr.write(`error: standard output cannot be written (${message}): the output is incomplete\n`)
  })
  stderr.on('error', () => {})
}
