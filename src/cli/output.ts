import { SpanforgeError } from '../errors.ts'
import { DataProblem } from '../squad/data-problem.ts'
import { printAbove } from './progress.ts'

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
      if (stream.isTTY) printAbove(text, stream)
      else stream.write(`${text}\n`)
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
  return `unexpected error: ${stack}\n  This is a fault in spanforge: please report it, with the lines above and the command.`
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
 * A reader that went away (`spanforge ... | head`) is no error: what is still written to it is dropped, and the
 * command goes on to its end, so that hours of training do not die with a pager.
 */
export function ignoreBrokenPipes({ stdout, stderr }: Streams = process): void {
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error
    })
}
