import type { ModelEvaluation } from '../evaluate/evaluate-model.ts'
import type { MergeEvaluationOptions } from '../evaluate/merge-evaluation.ts'
import type { MergedPrediction } from '../predict/merge-predictions.ts'
import { findShards } from '../shards/shard-manifest.ts'
import type { MergedSweep } from '../sweep/merge-sweep.ts'

/** The result of a merge, as printed by `spanforge merge --json`. */
export type Merged = MergedPrediction | (ModelEvaluation & { readonly command: 'evaluate' }) | MergedSweep

/**
 * Merges the shards of a prediction, an evaluation or a sweep. `output` is that of their command, and `given` lists
 * shard files or folders, if they are not in the same place.
 */
export async function mergeShards(
  output: string,
  given: readonly string[],
  options: MergeEvaluationOptions,
): Promise<Merged> {
  const found = await findShards(output, given)
  switch (found[0].command) {
    case 'predict': {
      const { mergePredictions } = await import('../predict/merge-predictions.ts')
      return mergePredictions(output, found, options)
    }
    case 'evaluate': {
      const { mergeEvaluation } = await import('../evaluate/merge-evaluation.ts')
      return { command: 'evaluate', ...(await mergeEvaluation(output, found, options)) }
    }
    case 'sweep': {
      const { mergeSweep } = await import('../sweep/merge-sweep.ts')
      return mergeSweep(output, found)
    }
  }
}
