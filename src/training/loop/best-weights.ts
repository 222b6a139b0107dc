import { SpanforgeError } from '../../errors.ts'
import { onFirst } from '../../ranks/ranks.ts'
import { verifyCheckpoint } from '../checkpoints/checkpoint-manifest.ts'
import { restoreWeights } from '../checkpoints/run-checkpoint.ts'
import type { TrainingRun } from './training-run.ts'

/**
 * Loads the weights of the best checkpoint into the model of every rank. Only the first rank reads the folder.
 * @throws SpanforgeError if the checkpoint was modified or removed after it was written
 */
export async function restoreBest(
  folder: string,
  { model, ranks }: Pick<TrainingRun, 'model' | 'ranks'>,
): Promise<void> {
  await onFirst(ranks, async () => {
    await rejectCorrupted(folder)
    await restoreWeights(folder, model)
  })
  await ranks?.broadcast(model.parameters.data)
  model.parameters.changed()
}

async function rejectCorrupted(folder: string): Promise<void> {
  const reason = await verifyCheckpoint(folder)
  if (reason === null) return
  throw new SpanforgeError(`${folder}: load_best_model_at_end cannot load the best checkpoint: ${reason}`, {
    remedy: 'Restore the folder and resume, or use another checkpoint as the model.',
  })
}
