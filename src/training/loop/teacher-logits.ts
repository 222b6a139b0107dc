import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { toRows } from '../../batching/rows.ts'
import { SpanforgeError } from '../../errors.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import type { SpanModel } from '../../models/span-model.ts'
import { precisionOf, type ReducedPrecision } from '../../runtime/engine.ts'
import type { Window } from '../../squad/types.ts'
import type { RunDigests } from '../checkpoints/run-digests.ts'
import { WindowFile, type WindowFileOptions } from './window-file.ts'

interface TeacherOptions extends WindowFileOptions, ReducedPrecision {
  readonly max_tokens_per_pass: number
  readonly output_dir: string
  /** Those of the teacher and the windows. Without them, the logits are only used by this session of the run. */
  readonly digests?: RunDigests
}

const NAME = '.teacher-logits'

/**
 * Computes the start logits and then the end logits of the teacher for each training window. The file is kept, so that a
 * run that resumes need not compute them again; `removeTeacherLogits` deletes it at the end.
 */
export async function openTeacherLogits(
  teacher: SpanModel,
  student: Pick<QuestionAnsweringModel, 'engine' | 'geometry'>,
  windows: readonly Window[],
  options: TeacherOptions,
): Promise<WindowFile> {
  const hasOwnTypes = teacher.geometry.token_types > 1 && student.geometry.token_types === 0
  const compute = async (some: readonly Window[]) => {
    const own = hasOwnTypes ? some.map((window) => ({ ...window, token_types: undefined })) : some
    const { logits } = await teacher.forward(toRows(own))
    const values = logits.flatMap(({ start_logits, end_logits }) => [start_logits, end_logits])
    if (!values.every((side) => side.every(Number.isFinite))) throw nonfiniteTeacher(teacher)
    return joined(values)
  }
  try {
    return await WindowFile.open(windows, {
      ...options,
      name: NAME,
      width: 2,
      key: keyOf(teacher, student, options),
      compute,
    })
  } finally {
    await teacher.release()
  }
}

/** Everything that determines the bits of the logits. The passes are the same for any number of ranks. */
function keyOf(
  { device }: SpanModel,
  { engine }: Pick<QuestionAnsweringModel, 'engine'>,
  { digests, max_tokens_per_pass, ...reduced }: TeacherOptions,
): string | undefined {
  const { teacher, train_windows } = digests ?? {}
  if (!teacher || !train_windows) return undefined
  return JSON.stringify([teacher, train_windows, engine.name, device, precisionOf(reduced), max_tokens_per_pass])
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((size, { length }) => size + length, 0))
  let end = 0
  for (const part of parts) {
    all.set(part, end)
    end += part.length
  }
  return all
}

const nonfiniteTeacher = ({ device }: SpanModel): SpanforgeError =>
  new SpanforgeError(`teacher: its logits on ${device} are infinite or NaN`, {
    remedy: 'Train without fp16, whose range the teacher may exceed, or choose another teacher.',
  })

/** Deletes the logits of a teacher from the folder of a run. */
export async function removeTeacherLogits(output_dir: string): Promise<void> {
  const names = (await readdir(output_dir).catch(() => [])).filter((name) => name.startsWith(NAME))
  for (const name of names) await rm(join(output_dir, name), { force: true })
}
