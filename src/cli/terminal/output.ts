import { SpanforgeError } from '../../errors.ts'
import { printAbove } from '../../runs/screen/live-bar.ts'
import { showMessage, showOnTerminal } from '../../show-value.ts'
import { DataProblem } from '../../squad/reading/data-problem.ts'

/** Maximum length of a printed stack, including its message. */
const MAX_STACK = 3500

/** The streams of a command: those of `process`, except in tests. */
export interface Streams {
  readonly stdout: NodeJS.WritableStream & { isTTY?: boolean }
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean }
}

export interface Output {
  /** Whether the output is text. Without it, a command can skip preparing text. */
  readonly forPeople: boolean
  /** Prints text to standard output, or to standard error if standard output is reserved for JSON. */
  print(text: string): void
  /** Prints the result as a JSON document with --json, otherwise does nothing. Call it once. */
  result(document: unknown): void
}

/** With `json`, standard output contains exactly one JSON document; everything else goes to standard error. */
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
      if (given) throw new Error('a command printed two results')
      given = true
      if (json) stdout.write(`${JSON.stringify(document, null, 2)}\n`)
    },
  }
}

/**
 * Runs a command, prints its error and returns the exit code: 0 for success, the code of a SpanforgeError (usually 1,
 * or 2 for a usage error), or 1 for an unexpected error.
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

/** Formats an error. The stack is included for unexpected errors, or if DEBUG is set. */
export function describeError(error: unknown, debug = Boolean(process.env.DEBUG)): string {
  const stack = error instanceof Error ? stackWithCauses(error) : String(error)
  if (error instanceof SpanforgeError) return `error: ${debug ? stack : error.message}${moreOf(error)}`
  return `unexpected error: ${showMessage(stack, MAX_STACK)}\n  This is a bug in spanforge. Please report it with the lines above and the command.`
}

/** Points to `data check`, because reading a data file stops at its first problem. */
const moreOf = (error: SpanforgeError): string =>
  error instanceof DataProblem && error.kind !== 'unreadable' && !error.message.includes('data check')
    ? '\n  "spanforge data check FILE" lists all problems of the file; with --fix OUT it writes a corrected copy.'
    : ''

function stackWithCauses(error: Error): string {
  const stack = error.stack ?? `${error.name}: ${error.message}`
  return error.cause instanceof Error ? `${stack}\ncaused by ${stackWithCauses(error.cause)}` : stack
}

/**
 * Handles write errors so that a command, such as a long training, does not fail because of its output. If the reader
 * has closed the pipe (`spanforge ... | head`), further output is discarded. Other errors, such as a full disk, are
 * reported once and set the exit code to 1.
 */
export function handleStreamErrors({ stdout, stderr }: Streams = process): void {
  let failed = false
  stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (failed || code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') return
    failed = true
    process.exitCode = 1
    stderr.write(`error: cannot write to standard output (${message}); the output is incomplete\n`)
  })
  stderr.on('error', () => {})
}
