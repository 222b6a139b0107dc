/** Schemas of the options of the library's functions. */
import { z } from 'zod'
import { EXPORT_DTYPES } from '../checkpoint/onnx-folder.ts'
import type { DatasetOptions } from '../hub/download/datasets.ts'
import type { ModelOptions } from '../hub/download/models.ts'
import type { HubOptions } from '../hub/http/options.ts'
import { answerOption, callback } from '../inference/answer-options.ts'
import type { EvaluateOptions } from '../inference/evaluate.ts'
import type { ExportRunOptions } from '../runs/export/export.ts'
import type { BuildIndexOptions } from '../runs/index/build-index.ts'
import { STEMMINGS } from '../search/schema.ts'
import type { TrainingRun } from '../training/loop/training-run.ts'
import { anObject, type SchemasOf } from './check-options.ts'

export interface LoadSquadOptions {
  /** Maximum number of questions to read (default: all). */
  readonly max_samples?: number
}

export interface LoadDatasetOptions extends DatasetOptions, LoadSquadOptions {}

const anAbortSignal = z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'an AbortSignal')
const samples = z.number().min(0)

export const hubOption = {
  offline: z.boolean(),
  token: z.string(),
  endpoint: z.string(),
  cache: z.string(),
  onProgress: callback<NonNullable<HubOptions['onProgress']>>(),
  onNotice: callback<NonNullable<HubOptions['onNotice']>>(),
  retry: anObject<NonNullable<HubOptions['retry']>>('an object'),
  timeout: z.number(),
  signal: anAbortSignal,
} satisfies SchemasOf<HubOptions>

export const LOAD_SQUAD = z.strictObject({ max_samples: samples } satisfies SchemasOf<LoadSquadOptions>).partial()

export const LOAD_DATASET = z
  .strictObject({
    ...hubOption,
    split: z.string(),
    config: z.string(),
    revision: z.string(),
    max_samples: samples,
  } satisfies SchemasOf<LoadDatasetOptions>)
  .partial()
  .required({ split: true })

export const RESOLVE_MODEL = z
  .strictObject({
    ...hubOption,
    revision: z.string(),
    weights: z.boolean(),
    dtype: z.enum(EXPORT_DTYPES),
  } satisfies SchemasOf<ModelOptions>)
  .partial()

const { max_answer_length, null_score_diff_threshold, top_k, confidence } = answerOption

export const EVALUATE = z
  .strictObject({
    ...{ max_answer_length, null_score_diff_threshold, top_k, confidence },
    version_2_with_negative: z.boolean(),
    padding: z.enum(['none', 'longest', 'max_length']),
    max_seq_length: z.int().min(1),
    batch_size: z.int().min(1),
    max_tokens_per_pass: z.number().positive(),
    share: anObject<NonNullable<EvaluateOptions['share']>>('an object'),
    onProgress: callback<NonNullable<EvaluateOptions['onProgress']>>(),
  } satisfies SchemasOf<EvaluateOptions>)
  .partial()

export const TRAIN = z
  .strictObject({
    model: anObject<TrainingRun['model']>('a model'),
    args: anObject<TrainingRun['args']>('TrainingArguments'),
    train: anObject<TrainingRun['train']>('a dataset'),
    validation: anObject<NonNullable<TrainingRun['validation']>>('a dataset'),
    teacher: anObject<NonNullable<TrainingRun['teacher']>>('a model'),
    gradients: callback<NonNullable<TrainingRun['gradients']>>(),
    tokenizer: anObject<NonNullable<TrainingRun['tokenizer']>>('a tokenizer'),
    answer_settings: anObject<NonNullable<TrainingRun['answer_settings']>>('an object'),
    digests: anObject<NonNullable<TrainingRun['digests']>>('an object'),
    resume_from: z.string(),
    order: callback<NonNullable<TrainingRun['order']>>(),
    ranks: anObject<NonNullable<TrainingRun['ranks']>>('an object'),
    batch_size: z.int().min(1),
    shouldStop: callback<NonNullable<TrainingRun['shouldStop']>>(),
    control: anObject<NonNullable<TrainingRun['control']>>('an object'),
    now: callback<NonNullable<TrainingRun['now']>>(),
    signal: anAbortSignal,
    hold: callback<NonNullable<TrainingRun['hold']>>(),
  } satisfies SchemasOf<TrainingRun>)
  .partial()
  .required({ model: true, args: true, train: true })

export const EXPORT_MODEL = z
  .strictObject({
    output_dir: z.string(),
    dtypes: z.array(z.string()),
    external_data: z.boolean(),
    overwrite: z.boolean(),
    force: z.boolean(),
    screen: anObject<NonNullable<ExportRunOptions['screen']>>('a screen'),
    hub: anObject<NonNullable<ExportRunOptions['hub']>>('an object'),
    validation_file: z.string(),
    dataset: z.string(),
    split: z.string(),
    dataset_config: z.string(),
    dataset_revision: z.string(),
    max_eval_samples: z.int().min(1),
    keep_float32: z.array(z.string()),
    max_int8_size: z.number(),
    max_f1_drop: z.number(),
    runtimes: z.array(z.string()),
    signal: anAbortSignal,
  } satisfies SchemasOf<ExportRunOptions>)
  .partial()
  .required({ output_dir: true })

export const BUILD_INDEX = z
  .strictObject({
    output_dir: z.string(),
    stemming: z.enum(STEMMINGS),
    limits: anObject<NonNullable<BuildIndexOptions['limits']>>('an object'),
    overwrite: z.boolean(),
    screen: anObject<NonNullable<BuildIndexOptions['screen']>>('a screen'),
    signal: anAbortSignal,
  } satisfies SchemasOf<BuildIndexOptions>)
  .partial()
  .required({ output_dir: true })
