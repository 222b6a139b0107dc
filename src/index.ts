/**
 * Fine-tunes BERT for extractive question answering and answers questions, with the API of transformers: AutoTokenizer,
 * AutoModelForQuestionAnswering, TrainingArguments, Trainer and pipeline. Their building blocks are also available:
 * `train` yields the events of a run, `evaluate` computes the metrics of a model, and `findAnswers` finds the answers
 * for given logits.
 */

export {
  type AnalysisInput,
  analyze,
  /** @deprecated Use `analyze`; this name will be removed in version 0.3. */
  analyze as analyse,
} from './analysis/analyze.ts'
export { analysisHtml } from './analysis/page/html.ts'
export type { Analysis } from './analysis/types.ts'
export type { CallbackContext, TrainerCallback, TrainerControl } from './api/callbacks.ts'
export type { FromPretrainedOptions } from './api/from-pretrained-options.ts'
export { buildIndex, evaluate, exportModel, loadDataset, loadSquad, resolveModel, train } from './api/functions.ts'
export { AutoModelForQuestionAnswering, BertForQuestionAnswering } from './api/model.ts'
export type { LoadDatasetOptions, LoadSquadOptions } from './api/option-schemas.ts'
export {
  type OneAnswer,
  type PipelineSource,
  pipeline,
  type QuestionAnsweringPipeline,
  type TopAnswers,
} from './api/pipeline.ts'
export type { ManyQuestions } from './api/pipeline-input.ts'
export { AutoTokenizer, BertTokenizer } from './api/tokenizer.ts'
export {
  type PredictionOutput,
  Trainer,
  type TrainerOptions,
  TrainingArguments,
  type TrainOutput,
} from './api/trainer.ts'
export { SpanforgeError, UsageError } from './errors.ts'
export type { ExportOutcome } from './export/export-model.ts'
export type { ExportedVariant } from './export/plan-variants.ts'
export type { DatasetOptions } from './hub/download/datasets.ts'
export type { ModelOptions } from './hub/download/models.ts'
export type { EvaluateOptions, Evaluation, EvaluationMetrics } from './inference/evaluate.ts'
export type { PipelineOptions, QuestionInput, SearchOptions } from './inference/pipeline.ts'
export type { AlbertConfig } from './models/albert.ts'
export type { Geometry, ModelConfig } from './models/architecture.ts'
export type { BertConfig } from './models/bert.ts'
export type { BertLikeConfig } from './models/bert-like.ts'
export type { DebertaV2Config } from './models/deberta-v2.ts'
export type { DistilBertConfig } from './models/distilbert.ts'
export type { ElectraConfig } from './models/electra.ts'
export type { ModernBertConfig } from './models/modernbert.ts'
export type { RobertaConfig } from './models/roberta.ts'
export type { SpanModel } from './models/span-model.ts'
export { type LossClass, lossClass, type Meaning, meaning as lossMeaning } from './report/summary/loss-meaning.ts'
export type { ExportRunOptions } from './runs/export/export.ts'
export type { BuildIndexOptions, BuiltIndex } from './runs/index/build-index.ts'
export { PassageIndex } from './search/passage-index.ts'
export type {
  IndexAnswer,
  IndexAnswerOptions,
  IndexAnswers,
} from './search/passage-reader.ts'
export type { FoundPassage, IndexFacts, PassageSearch, PassageSearchOptions } from './search/passage-search.ts'
export type { Passage } from './search/passages.ts'
export type { IndexedDocument } from './search/schema.ts'
export type { AnswerSource } from './search/sources.ts'
export {
  type AnswerCandidate,
  type AnswerOptions,
  type DocumentLogits,
  type ExampleAnswers,
  findAnswers,
} from './squad/answers/answers.ts'
export type {
  WindowLogits,
  /** @deprecated Use `WindowLogits`; this name will be removed in version 0.3. */
  WindowLogits as RowLogits,
} from './squad/answers/document-logits.ts'
export { createDataset, type Dataset, makeDataset } from './squad/dataset.ts'
export {
  type BootstrapDifference,
  type BootstrapMean,
  type BootstrapOptions,
  bootstrapDifference,
  bootstrapMean,
} from './squad/metrics/bootstrap.ts'
export { type Predictions, type SquadMetrics, squadMetrics } from './squad/metrics/metrics.ts'
export { type SquadV2Metrics, squadV2Metrics } from './squad/metrics/metrics-v2.ts'
export { mcNemarTest, randomizationTest } from './squad/metrics/paired-tests.ts'
export type { PipelineAnswer } from './squad/python/pipeline-answers.ts'
export { parseSquad, toSquadJson } from './squad/reading/squad-json.ts'
export type { Answer, Example, Label, LabeledWindow, LabelledWindow, Window } from './squad/types.ts'
export type { WindowOptions } from './squad/windows.ts'
export type { BatchEncoding, CallOptions, Offsets } from './text/batch-encoding.ts'
export type { Encoding } from './text/encoding.ts'
export type { TrainingArgumentsInput } from './training/arguments/arguments.ts'
export type { LogEntry, TrainerState } from './training/checkpoints/state.ts'
export type { TrainingEvent, TrainMetrics } from './training/loop/events.ts'
export type { Plan } from './training/loop/plan.ts'
export type { StepResult } from './training/loop/stepper.ts'
export type { RunControl, TrainingRun } from './training/loop/training-run.ts'
