import { SpanforgeError } from '../../errors.ts'

export type ProblemKind =
  /** Nothing can be read beyond this: another format, damaged, no JSON, no questions. */
  | 'unreadable'
  | 'cut_off'
  /** A field is missing or of another type. */
  | 'layout'
  /** Answers as Python prints them, not JSON. */
  | 'python_notation'
  | 'duplicate_id'
  | 'empty_answer'
  /** The answer stands at several places of its context, and none is given. */
  | 'ambiguous_answer'
  /** The answer does not stand in its context where it says. */
  | 'misaligned'
  /** As `misaligned`, and it would stand there if `answer_start` counted UTF-16 units or UTF-8 bytes. */
  | 'utf16_offset'
  | 'byte_offset'

interface About {
  readonly remedy: string
  /** The question that it is about, where its id is known. */
  readonly id?: string
  /** How a reader that goes on has mended it; undefined where it leaves out what is wrong. */
  readonly mended?: string
  readonly cause?: unknown
}

/** Something in a data file that is not as it should be. A reader throws it, or reports it and goes on. */
export class DataProblem extends SpanforgeError {
  override readonly name = 'DataProblem'
  readonly id?: string
  readonly mended?: string

  constructor(
    readonly kind: ProblemKind,
    readonly place: string,
    readonly finding: string,
    { id, mended, ...options }: About,
  ) {
    super(`${place}: ${finding}`, options)
    this.id = id
    this.mended = mended
  }
}

/** Is told what is wrong in a file. Where it returns, the reader mends what it can, leaves out the rest and goes on. */
export type Report = (problem: DataProblem) => void

/** The strict way: the first problem ends the reading. */
export const refuse: Report = (problem) => {
  throw problem
}

/** What is read, or undefined where that is not possible and the report returned. */
export function orReport<T>(report: Report, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof DataProblem)) throw error
    report(error)
    return undefined
  }
}
