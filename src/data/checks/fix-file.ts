import { SpanforgeError } from '../../errors.ts'
import type { OutputOptions } from '../../files/output.ts'
import { sourceLayout } from '../source-layout.ts'
import { writeExamples } from '../write-examples.ts'
import type { FileCheck } from './check-file.ts'
import { withOwnIds } from './repeats.ts'

export interface Fixed {
  readonly file: string
  readonly questions: number
  /** Number of exact duplicates that were removed. */
  readonly repeated: number
  /** Number of problems that were fixed. */
  readonly corrected: number
}

const unreadable = ({ problems }: FileCheck) => problems.find(({ kind }) => kind === 'unreadable')

/** Whether a corrected copy can be written without losing anything that the check does not report. */
export const isFixable = (check: FileCheck): boolean => !unreadable(check) && check.sound.length > 0

/**
 * Writes the valid and the corrected questions of a check to a copy, atomically.
 * @throws SpanforgeError if part of the file could not be read and would be silently lost
 */
export async function writeFixed(check: FileCheck, path: string, options: OutputOptions = {}): Promise<Fixed> {
  const lost = unreadable(check)
  if (!isFixable(check))
    throw new SpanforgeError(
      `${path}: not written, because this cannot be fixed automatically: ${lost?.message ?? 'no valid question is left'}`,
    )
  const { examples, repeated } = withOwnIds(check.sound)
  const questions = await writeExamples(path, examples, { ...options, layout: await sourceLayout(examples) })
  return { file: path, questions, repeated, corrected: check.problems.filter(({ correction }) => correction).length }
}
