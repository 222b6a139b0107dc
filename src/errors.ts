import { showMessage } from './show-value.ts'

/** Maximum size of messages in bytes, regardless of the contents of files, requests and responses. */
const MAX_SUMMARY = 3000
const MAX_REMEDY = 900

interface SpanforgeErrorOptions {
  readonly remedy?: string
  readonly exitCode?: number
  readonly cause?: unknown
}

/** An error that the user can fix: it states the location, the value found, the value expected and a remedy. */
export class SpanforgeError extends Error {
  override readonly name: string = 'SpanforgeError'

  /** The options it was created with; like the message, the remedy is limited in length. */
  readonly options: SpanforgeErrorOptions

  constructor(summary: string, options: SpanforgeErrorOptions = {}) {
    const remedy = options.remedy && showMessage(options.remedy, MAX_REMEDY)
    super(`${showMessage(summary, MAX_SUMMARY)}${indented(remedy)}`, { cause: options.cause })
    this.options = { ...options, remedy }
  }

  /** The message without the remedy. */
  get summary(): string {
    return this.message.slice(0, this.message.length - indented(this.options.remedy).length)
  }

  /** Exit code of the process (default: 1). 2 means an invalid command line or argument. */
  get exitCode(): number {
    return this.options.exitCode ?? 1
  }
}

const indented = (remedy: string | undefined): string => (remedy ? `\n  ${remedy}` : '')

/** An invalid flag, argument or option. The exit code is 2, as in other command-line tools. */
export class UsageError extends SpanforgeError {
  override readonly name = 'UsageError'

  constructor(message: string, remedy?: string) {
    super(message, { remedy, exitCode: 2 })
  }
}
