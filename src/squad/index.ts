/**
 * Extractive question answering without Node or an engine: labeled windows from questions, answers from logits, and
 * metrics. Runs in a browser.
 */
export { SpanforgeError, UsageError } from '../errors.ts'
export {
  type AnswerCandidate,
  type AnswerOptions,
  type DocumentLogits,
  type ExampleAnswers,
  findAnswers,
} from './answers/answers.ts'
export { createDataset, type Dataset, makeDataset } from './dataset.ts'
export { labelWindow } from './labels.ts'
export {
  type BootstrapDifference,
  type BootstrapMean,
  type BootstrapOptions,
  bootstrapDifference,
  bootstrapMean,
} from './metrics/bootstrap.ts'
export {
  exactMatch,
  f1,
  normalizeAnswer,
  type Predictions,
  type SquadMetrics,
  squadMetrics,
} from './metrics/metrics.ts'
export { type SquadV2Metrics, squadV2Metrics } from './metrics/metrics-v2.ts'
export { mcNemarTest, randomizationTest } from './metrics/paired-tests.ts'
export { type PipelineAnswer, type PipelineAnswerOptions, pipelineAnswers } from './python/pipeline-answers.ts'
export { parseSquad, toSquadJson } from './reading/squad-json.ts'
export type { Answer, Example, Label, LabeledWindow, LabelledWindow, Window } from './types.ts'
export { createWindows, makeWindows, tokenTypeIds, type WindowOptions } from './windows.ts'
