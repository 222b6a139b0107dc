import { showMessage } from './show-value.ts'

/** No message is longer, in bytes, whatever was found in a file, a request or an answer. */
const MAX_SUMMARY = 3000
const MAX_REMEDY = 900

interface SpanforgeErrorOptions {
  readonly remedy?: string
  readonly exitCode?: number
  readonly cause?: unknown
}

/** An error that a reader can act on: where, what was found, what was expected, what to do. */
export class SpanforgeError extends Error {
  override readonly name: string = 'SpanforgeError'

  /** The remedy in it is bounded, as the message is. */
  readonly options: SpanforgeErrorOptions

  constructor(summary: string, options: SpanforgeErrorOptions = {}) {
    const remedy = options.remedy && showMessage(options.remedy, MAX_REMEDY)
    super(`${showMessage(summary, MAX_SUMMARY)}${indented(remedy)}`, { cause: options.cause })
    this.options = { ...options, remedy }
  }

  /** The message without its remedy. */
  get summary(): string {
    return this.message.slice(0, this.message.length - indented(this.options.remedy).length)
  }

  /** What the process exits with: 1 unless the error says otherwise; 2 is a wrong command line or argument. */
  get exitCode(): number {
    return this.options.exitCode ?? 1
  }
}

const indented = (remedy: string | undefined): string => (remedy ? `\n  ${remedy}` : '')

/** A wrong flag, argument or option: exit code 2, as for every command-line tool. */
export class UsageError extends SpanforgeError {
  override readonly name = 'UsageError'

  constructor(message: string, remedy?: string) {
    super(message, { remedy, exitCode: 2 })
  }
}
