import { SpanforgeError } from '../errors.ts'
import type { OutputOptions } from '../files/output.ts'
import type { FileCheck } from './check-file.ts'
import { withOwnIds } from './repeats.ts'
import { sourceLayout } from './source-layout.ts'
import { writeExamples } from './write-examples.ts'

export interface Fixed {
  readonly file: string
  readonly questions: number
  /** Exact duplicates, which were removed. */
  readonly repeated: number
  /** Number of problems that the copy no longer has. */
  readonly corrected: number
}

const unreadable = ({ problems }: FileCheck) => problems.find(({ kind }) => kind === 'unreadable')

/** Whether a corrected copy would lose nothing but what the check reports. */
export const isFixable = (check: FileCheck): boolean => !unreadable(check) && check.sound.length > 0

/**
 * Writes the sound and the corrected questions of a check as a copy, whole or not at all.
 * @throws SpanforgeError if a part of the file could not be read, which the copy would silently lose
 */
export async function writeFixed(check: FileCheck, path: string, options: OutputOptions = {}): Promise<Fixed> {
  const lost = unreadable(check)
  if (!isFixable(check))
    throw new SpanforgeError(
      `${path}: not written, because this cannot be corrected: ${lost?.message ?? 'no question is left'}`,
    )
  const { examples, repeated } = withOwnIds(check.sound)
  const questions = await writeExamples(path, examples, { ...options, layout: await sourceLayout(examples) })
  return { file: path, questions, repeated, corrected: check.problems.filter(({ correction }) => correction).length }
}
