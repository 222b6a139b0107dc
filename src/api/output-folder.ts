import { SpanforgeError, UsageError } from '../errors.ts'
import type { TrainingArguments } from '../training/arguments.ts'
import { verifyCheckpoint } from '../training/checkpoint-manifest.ts'
import { listCheckpoints, newestWhole, recoverCheckpoints, removeCheckpoints } from '../training/checkpoint-store.ts'

/**
 * Makes an output folder ready for a run, whose lock is held: returns the whole checkpoint to go on from, if any.
 * @throws SpanforgeError for a checkpoint that is not whole; UsageError where checkpoints of an earlier run lie about
 */
export async function prepareOutput(
  { output_dir, overwrite_output_dir }: TrainingArguments,
  resume_from: string | undefined,
): Promise<string | undefined> {
  await recoverCheckpoints(output_dir)
  if (resume_from !== undefined) return checkpointAt(output_dir, resume_from)
  if (overwrite_output_dir) await removeCheckpoints(output_dir)
  else if ((await listCheckpoints(output_dir)).length > 0)
    throw new UsageError(
      `${output_dir}: holds checkpoints of an earlier run`,
      'Go on from them (resume_from_checkpoint), remove them (overwrite_output_dir), or take another output_dir.',
    )
  return undefined
}

async function checkpointAt(output_dir: string, resume_from: string): Promise<string> {
  if (resume_from === 'latest') {
    const { folder, skipped } = await newestWhole(output_dir)
    if (folder) return folder
    throw new SpanforgeError(
      `${output_dir}: no whole checkpoint to go on from${skipped.map((it) => `\n  ${it.folder}: ${it.reason}`).join('')}`,
      { remedy: 'Start a new run.' },
    )
  }
  const reason = await verifyCheckpoint(resume_from)
  if (reason === null) return resume_from
  throw new SpanforgeError(`${resume_from}: cannot go on from this checkpoint: ${reason}`, {
    remedy: 'Go on from an earlier one: "latest" takes the newest that is whole.',
  })
}
