/** Functions of the library that check their options. */
import { readExamples } from '../data/read-examples.ts'
import type { ExportOutcome } from '../export/export-model.ts'
import { readDataset } from '../hub/download/examples.ts'
import type { ModelOptions } from '../hub/download/models.ts'
import * as models from '../hub/download/models.ts'
import { resolveEvaluateOptions } from '../inference/answer-options.ts'
import { type EvaluateOptions, type Evaluation, evaluateDataset } from '../inference/evaluate.ts'
import type { SpanModel } from '../models/span-model.ts'
import type { ExportRunOptions } from '../runs/export/export.ts'
import * as exporting from '../runs/export/export.ts'
import type { BuildIndexOptions, BuiltIndex } from '../runs/index/build-index.ts'
import * as indexing from '../runs/index/build-index.ts'
import { rejectForeignCheckpoint } from '../runs/train/resume.ts'
import type { Dataset } from '../squad/dataset.ts'
import type { Example } from '../squad/types.ts'
import type { TrainingEvent } from '../training/loop/events.ts'
import * as training from '../training/loop/loop.ts'
import type { TrainingRun } from '../training/loop/training-run.ts'
import { checkOptions } from './check-options.ts'
import { storedSettings } from './model.ts'
import {
  BUILD_INDEX,
  EVALUATE,
  EXPORT_MODEL,
  LOAD_DATASET,
  LOAD_SQUAD,
  type LoadDatasetOptions,
  type LoadSquadOptions,
  RESOLVE_MODEL,
  TRAIN,
} from './option-schemas.ts'

/**
 * Reads the questions of a data file in order: SQuAD v1.1 or v2.0 JSON, or JSON lines, CSV, an Excel workbook, Parquet
 * or Arrow with one question per row, optionally gzipped. `answer_start` counts UTF-16 units, like `context.slice`. Use
 * `loadDataset` for datasets on the hub.
 * @throws UsageError for an unknown option
 * @throws SpanforgeError for a file that cannot be read or is invalid, with the position and the question
 */
export async function loadSquad(file: string, options: LoadSquadOptions = {}): Promise<Example[]> {
  checkOptions('loadSquad', LOAD_SQUAD, options)
  return readExamples(file, options)
}

/**
 * Loads the first `max_samples` examples (default: all) from a split of a dataset, given as a folder or as a name on
 * the hub.
 * @throws UsageError for an unknown option
 */
export async function loadDataset(nameOrFolder: string, options: LoadDatasetOptions): Promise<Example[]> {
  checkOptions('loadDataset', LOAD_DATASET, options)
  return readDataset(nameOrFolder, options)
}

/**
 * Returns the local folder of a model. If a folder of that name exists, it is returned; `starter` is the starter model;
 * otherwise the files that spanforge needs are downloaded from the hub into the cache shared with Python.
 * @throws UsageError for an unknown option
 */
export async function resolveModel(nameOrFolder: string, options: ModelOptions = {}): Promise<string> {
  checkOptions('resolveModel', RESOLVE_MODEL, options)
  return models.resolveModel(nameOrFolder, options)
}

/**
 * Fine-tunes the model like the Trainer of transformers; docs/training.md describes the differences. Yields events.
 * Leaving the loop stops the run. Afterwards, the model has the last weights or, with load_best_model_at_end, the best
 * ones.
 * @throws UsageError for an unknown option or a checkpoint outside output_dir, before the first event
 */
export async function* train(run: TrainingRun): AsyncGenerator<TrainingEvent, void, void> {
  checkOptions('train', TRAIN, run)
  const { resume_from, args } = run
  if (resume_from !== undefined) await rejectForeignCheckpoint(args.output_dir, resume_from, 'resume_from')
  yield* training.train(run)
}

/**
 * Evaluates a model: computes the loss over all windows, the best answer to each question, and the scores of the
 * answers. Options that are omitted use the settings stored with the model (answer_settings.json): whether "" is a
 * possible answer, its threshold, and the confidence model.
 * @throws UsageError for an unknown option
 * @throws SpanforgeError for unanswerable questions without `version_2_with_negative`, before the evaluation starts,
 * and if the loss is not finite
 */
export async function evaluate(model: SpanModel, dataset: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
  checkOptions('evaluate', EVALUATE, options)
  return evaluateDataset(model, dataset, resolveEvaluateOptions(options, storedSettings(model)))
}

/**
 * Exports a model folder or a model on the hub to ONNX. Each variant is compared with the model on questions, and those
 * that lose more than `max_f1_drop` are not written.
 * @throws UsageError for an unknown option
 */
export async function exportModel(nameOrFolder: string, options: ExportRunOptions): Promise<ExportOutcome> {
  checkOptions('exportModel', EXPORT_MODEL, options)
  return exporting.exportModel(nameOrFolder, options)
}

/**
 * Creates or updates an index, so that it has exactly the documents in `sources`: files, and folders with everything
 * in them. Without `sources`, those of the existing index are read again. Unchanged documents are not read. If the
 * process is killed, the index is as before, and the same call resumes.
 * @throws UsageError for an unknown option, a source that does not exist, or an existing index with other settings
 */
export async function buildIndex(sources: readonly string[], options: BuildIndexOptions): Promise<BuiltIndex> {
  checkOptions('buildIndex', BUILD_INDEX, options)
  return indexing.buildIndex(sources, options)
}
