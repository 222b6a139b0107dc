import { join } from 'node:path'
import type { EvaluationMetrics } from '../../inference/evaluate.ts'
import { STATE_FILE, type TrainerState, writeTrainerState } from '../../training/checkpoints/state.ts'
import type { TrainMetrics } from '../../training/loop/events.ts'
import { writeJson } from '../run-files.ts'

/** Results of a run, with the same names as in transformers' run_qa. Samples are windows. */
export interface AllResults extends TrainMetrics, Partial<EvaluationMetrics> {
  readonly train_samples: number
  readonly eval_samples?: number
  /** Folder of the best checkpoint and its metric; null if no evaluation determined one. */
  readonly best_model_checkpoint: string | null
  readonly best_metric: number | null
}

export interface Results {
  readonly train: TrainMetrics & { readonly train_samples: number }
  /** Evaluation of the saved model. */
  readonly evaluation?: EvaluationMetrics & { readonly eval_samples: number }
}

/** Writes trainer_state.json, train_results.json, eval_results.json and all_results.json; returns the last. */
export async function writeResults(
  output_dir: string,
  { train, evaluation }: Results,
  state: TrainerState,
): Promise<AllResults> {
  const { epoch } = train
  const all: AllResults = {
    ...train,
    ...evaluation,
    best_model_checkpoint: state.best_model_checkpoint && join(output_dir, state.best_model_checkpoint),
    best_metric: state.best_metric,
  }
  await writeTrainerState(join(output_dir, STATE_FILE), state)
  await writeJson(join(output_dir, 'train_results.json'), train)
  if (evaluation) await writeJson(join(output_dir, 'eval_results.json'), { epoch, ...evaluation })
  await writeJson(join(output_dir, 'all_results.json'), all)
  return all
}
