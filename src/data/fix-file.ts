import { SpanforgeError } from '../errors.ts'
import type { OutputOptions } from '../files/output.ts'
import type { FileCheck } from './check-file.ts'
import { withOwnIds } from './repeats.ts'
import { sourceLayout } from './source-layout.ts'
import { writeExamples } from './write-examples.ts'

export interface Fixed {
  readonly file: string
  readonly questions: number
  /** Questions that were the same as another in everything. */
  readonly repeated: number
  /** Of problems that are no longer in the copy. */
  readonly mended: number
}

const unreadable = ({ problems }: FileCheck) => problems.find(({ kind }) => kind === 'unreadable')

/** Whether a corrected copy would lose nothing but what the check reports. */
export const isFixable = (check: FileCheck): boolean => !unreadable(check) && check.sound.length > 0

/**
 * Writes what a check found sound, and mended, as a corrected copy, whole or not at all.
 * @throws SpanforgeError where a part of the file could not be read: a copy would lose it silently
 */
export async function writeFixed(check: FileCheck, path: string, options: OutputOptions = {}): Promise<Fixed> {
  const lost = unreadable(check)
  if (!isFixable(check))
    throw new SpanforgeError(
      `${path}: not written, because this cannot be corrected: ${lost?.message ?? 'no question is left'}`,
    )
  const { examples, repeated } = withOwnIds(check.sound)
  const questions = await writeExamples(path, examples, { ...options, layout: await sourceLayout(examples) })
  return { file: path, questions, repeated, mended: check.problems.filter(({ mended }) => mended).length }
}
