import { SpanforgeError } from '../../errors.ts'

export type ProblemKind =
  /** Reading cannot continue: wrong format, corrupted file, invalid JSON, no questions. */
  | 'unreadable'
  | 'cut_off'
  /** A field is missing or has the wrong type. */
  | 'layout'
  /** Answers are in Python's notation instead of JSON. */
  | 'python_notation'
  | 'duplicate_id'
  | 'empty_question'
  | 'empty_answer'
  /** The answer occurs several times in its context, and answer_start is missing. */
  | 'ambiguous_answer'
  /** The context does not contain the answer at answer_start. */
  | 'misaligned'
  /** As `misaligned`, but correct if `answer_start` counted UTF-16 units or UTF-8 bytes. */
  | 'utf16_offset'
  | 'byte_offset'

interface About {
  readonly remedy: string
  /** The id of the question, if it is known. */
  readonly id?: string
  /** The correction that a reader makes if it continues; undefined if it skips the invalid part. */
  readonly correction?: string
  readonly cause?: unknown
}

/** A problem in a data file. A reader throws it, or reports it and continues. */
export class DataProblem extends SpanforgeError {
  override readonly name = 'DataProblem'
  readonly id?: string
  readonly correction?: string

  constructor(
    readonly kind: ProblemKind,
    readonly place: string,
    readonly finding: string,
    { id, correction, ...options }: About,
  ) {
    super(`${place}: ${finding}`, options)
    this.id = id
    this.correction = correction
  }
}

/** Called for each problem in a file. If it returns, the reader corrects what it can, skips the rest and continues. */
export type Report = (problem: DataProblem) => void

/** The strict report: the first problem stops the reader. */
export const reject: Report = (problem) => {
  throw problem
}

/** The value read, or undefined if reading failed and the report returned. */
export function orReport<T>(report: Report, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof DataProblem)) throw error
    report(error)
    return undefined
  }
}
