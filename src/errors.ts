/** What went wrong, said so that the reader can mend it: where, what was found, what was expected, what to do. */
export class SpanforgeError extends Error {
  override readonly name: string = 'SpanforgeError'

  constructor(
    summary: string,
    readonly options: { readonly remedy?: string; readonly exitCode?: number; readonly cause?: unknown } = {},
  ) {
    super(`${summary}${indented(options.remedy)}`, { cause: options.cause })
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
