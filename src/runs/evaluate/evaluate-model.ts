import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ANSWER_SETTINGS_FILE, type AnswerSettings, saveAnswerSettings } from '../../checkpoint/answer-settings.ts'
import { UsageError } from '../../errors.ts'
import { checkOutputs } from '../../files/output.ts'
import { resolveEvaluateOptions } from '../../inference/answer-options.ts'
import {
  type AnswerScore,
  type EvaluateOptions,
  type Evaluation,
  evaluateDataset,
  scorePredictions,
} from '../../inference/evaluate.ts'
import { type GivenLengths, windowLengths } from '../../inference/window-lengths.ts'
import type { SpanModel } from '../../models/span-model.ts'
import type { Dataset } from '../../squad/dataset.ts'
import { type Interval, intervalOf } from '../../squad/metrics/bootstrap.ts'
import { checkAnswered } from '../../squad/metrics/metrics.ts'
import type { SquadV2Metrics } from '../../squad/metrics/metrics-v2.ts'
import { postprocessRunQa } from '../../squad/python/postprocess-run-qa.ts'
import type { Example } from '../../squad/types.ts'
import type { EngineChoice } from '../load/choose-engine.ts'
import { cutWindows } from '../load/cut-windows.ts'
import { type DataOptions, dataChoice, loadExamples } from '../load/load-data.ts'
import { type HubChoice, type OpenedModel, openModel } from '../load/load-model.ts'
import { modelInputs } from '../run-files.ts'
import type { Screen } from '../screen/screen.ts'
import { type ModelConfidence, modelConfidence } from './evaluation-confidence.ts'
import { evaluationOutputs, exactPredictions, writeEvaluation } from './evaluation-files.ts'
import { writeAnalysis } from './evaluation-report.ts'
import { cannotFit, type FittedSettings, fitSettings, readableExamples } from './fit-settings.ts'

export interface EvaluateModelOptions
  extends GivenLengths,
    DataOptions,
    Omit<EvaluateOptions, 'max_seq_length' | 'onProgress' | 'top_k' | 'confidence'> {
  readonly model: string
  readonly data: string
  /** Maximum number of questions (default: all). */
  readonly max_eval_samples?: number
  /** `exact` (default) considers every span; `run_qa` reproduces the numbers of utils_qa.py. */
  readonly postprocess?: 'exact' | 'run_qa'
  /** Number of candidates for each question in nbest_predictions.json (default: 20). */
  readonly n_best_size?: number
  /** Confidence level of the bootstrap intervals (default: 0.95). */
  readonly confidence_level?: number
  /** Folder for predictions.json, nbest_predictions.json, null_odds.json and eval_results.json. */
  readonly output_dir?: string
  /** HTML file for the error analysis; the same analysis as JSON is written next to it. */
  readonly report?: string
  /** Replace existing files in `output_dir` and of `report`. */
  readonly overwrite?: boolean
  /** Fit the threshold and the confidence on these questions and store them with the model. */
  readonly calibrate?: boolean
  readonly screen: Screen
  readonly hub?: HubChoice
  /** Engine that computes the logits. */
  readonly choice?: EngineChoice
}

/**
 * What `spanforge evaluate --json` prints. Samples are windows, as in transformers. For SQuAD version 2, this includes
 * the metrics of its official script under their own names.
 */
export interface ModelEvaluation extends Omit<SquadV2Metrics, 'exact' | 'f1' | 'total'> {
  readonly model: string
  readonly data: string
  readonly eval_loss: number
  readonly exact_match: number
  readonly f1: number
  /** Bootstrap interval of the score over questions, at `confidence_level`. */
  readonly exact_match_interval: Interval
  readonly f1_interval: Interval
  readonly confidence_level: number
  readonly examples: number
  readonly windows: number
  /** In seconds. */
  readonly runtime: number
  readonly samples_per_second: number
  readonly version_2_with_negative: boolean
  /** The threshold that was used; only with version 2. */
  readonly null_score_diff_threshold?: number
  readonly confidence: ModelConfidence
  /** With `calibrate`, the settings that are now stored with the model. The scores are those of the previous settings. */
  readonly fitted?: AnswerSettings
  /** With `calibrate`, the settings that were replaced. */
  readonly fitted_before?: AnswerSettings
  /** Paths of the files that were written. */
  readonly files: readonly string[]
}

/** An evaluation with the scores of each question. */
export interface EvaluatedModel {
  readonly evaluation: ModelEvaluation
  readonly scores: readonly AnswerScore[]
  /** The answer to each question, by its id. */
  readonly predictions: ReadonlyMap<string, string>
}

/** Evaluates a saved model on a data file: loss, exact match and F1 with intervals, and any requested files. */
export async function evaluateModel(options: EvaluateModelOptions): Promise<ModelEvaluation> {
  checkEvaluateOptions(options)
  checkPlaces(evaluationOutputs(options), [options])
  return (await evaluateOn(await readEvaluationData(options), options)).evaluation
}

export const readEvaluationData = (options: EvaluateModelOptions): Promise<Example[]> => {
  const { data, max_eval_samples, hub } = options
  return loadExamples(data, { ...dataChoice(options, { split: 'validation', hub }), max_samples: max_eval_samples })
}

/** An opened model, the options with its stored settings, and the windows to evaluate it on. */
export interface PreparedEvaluation {
  readonly loaded: OpenedModel
  readonly asked: ResolvedOptions
  readonly data: Dataset
}

/** Opens the model, fills in the options and cuts the questions into windows. */
export async function prepareEvaluation(
  examples: readonly Example[],
  options: EvaluateModelOptions,
): Promise<PreparedEvaluation> {
  const { screen, hub } = options
  const loaded = await openModel(options.model, { choice: options.choice }, hub)
  const { model, tokenizer } = loaded
  for (const text of [loaded.engineNote, loaded.warning]) if (text) screen.print(`${text}\n`)
  checkLength(options, model.geometry.max_positions)
  const asked = withStored(options, loaded)
  if (!asked.version_2_with_negative) checkAnswered(examples)
  const lengths = lengthsOf(options, loaded)
  if (lengths.note) screen.print(lengths.note)
  const data = await cutWindows(tokenizer, examples, { ...lengths, screen, label: 'Tokenizing' })
  if (asked.calibrate) checkFit(data, asked)
  return { loaded, asked, data }
}

/** Like `evaluateModel`, for questions that have already been read. */
export async function evaluateOn(examples: readonly Example[], options: EvaluateModelOptions): Promise<EvaluatedModel> {
  const prepared = await prepareEvaluation(examples, options)
  const { data, asked, loaded } = prepared
  try {
    const found = await evaluateOnScreen(options.screen, 'Evaluating', loaded.model, data, asked)
    return await completeEvaluation(found, prepared)
  } finally {
    await loaded.model.release()
  }
}

type ResolvedOptions = ReturnType<typeof withStored>

const lengthsOf = (options: EvaluateModelOptions, { model, tokenizer, settings }: OpenedModel) =>
  windowLengths(options, { ...model.geometry, model_max_length: tokenizer.model_max_length, settings })

/** Fills in missing options with the settings stored with the model. */
function withStored(options: EvaluateModelOptions, loaded: OpenedModel) {
  const { settings } = loaded
  const { max_seq_length, doc_stride } = lengthsOf(options, loaded)
  return {
    ...resolveEvaluateOptions(options, settings),
    max_seq_length,
    doc_stride,
    n_best_size: options.n_best_size ?? 20,
    confidence_level: options.confidence_level ?? 0.95,
    top_k: options.output_dir || options.report ? (options.n_best_size ?? 20) : 1,
  }
}

/** Scores the answers and writes the requested files. */
export async function completeEvaluation(
  found: Evaluation,
  { data, loaded, asked }: PreparedEvaluation,
): Promise<EvaluatedModel> {
  const { examples, windows } = data
  const { version_2_with_negative, confidence_level } = asked
  const predicted =
    asked.postprocess === 'run_qa'
      ? postprocessRunQa(examples, windows, found.logits, asked)
      : exactPredictions(examples, found.answers, version_2_with_negative)
  const { exact_match, f1, scores, v2 } = scorePredictions(examples, predicted.predictions, predicted.null_odds)
  const { exact: _exact, f1: _f1, total: _total, ...v2Metrics } = v2 ?? {}
  const fitted = asked.calibrate ? await calibrate(data, found, loaded, asked) : undefined
  const { confidence, calibrated } = modelConfidence({ ...found, scores }, fitted)
  const evaluation: Omit<ModelEvaluation, 'files'> = {
    model: loaded.name,
    data: asked.data,
    eval_loss: found.metrics.eval_loss,
    exact_match,
    f1,
    exact_match_interval: intervalOf(scores, 'exact_match', confidence_level),
    f1_interval: intervalOf(scores, 'f1', confidence_level),
    confidence_level,
    examples: examples.length,
    windows: windows.length,
    runtime: found.metrics.eval_runtime,
    samples_per_second: found.metrics.eval_samples_per_second,
    version_2_with_negative,
    ...(version_2_with_negative && { null_score_diff_threshold: asked.null_score_diff_threshold }),
    ...v2Metrics,
    confidence,
    ...(fitted && { fitted: fitted.settings, fitted_before: loaded.settings }),
  }
  const files = [
    ...(fitted ? [join(loaded.folder, ANSWER_SETTINGS_FILE)] : []),
    ...(asked.output_dir ? await writeEvaluation(asked.output_dir, predicted, evaluation, asked) : []),
    ...(asked.report
      ? await writeAnalysis(asked.report, data, { ...found, scores }, evaluation, calibrated, asked)
      : []),
  ]
  return { evaluation: { ...evaluation, files }, scores, predictions: predicted.predictions }
}

async function calibrate(
  data: Dataset,
  found: Evaluation,
  loaded: OpenedModel,
  asked: ResolvedOptions,
): Promise<FittedSettings> {
  const fitted = await fitSettings(data, found, asked, loaded, asked)
  await saveAnswerSettings(loaded.folder, fitted.settings)
  return fitted
}

/** @throws UsageError for invalid or incompatible options */
export function checkEvaluateOptions({
  model,
  postprocess,
  report,
  calibrate,
  confidence_level = 0.95,
}: EvaluateModelOptions) {
  if (report !== undefined && !/\.html?$/i.test(report))
    throw new UsageError(`evaluate: --report ${report} is not an HTML file`, 'Expected a name that ends with .html.')
  if (report !== undefined && postprocess === 'run_qa')
    throw new UsageError(
      'evaluate: --report needs exact probabilities, which --postprocess run_qa does not compute',
      'Leave out --postprocess run_qa.',
    )
  if (calibrate && !existsSync(model))
    throw new UsageError(
      `evaluate: --calibrate stores settings in the model's folder, but ${model} is not a folder`,
      `Download the model first: spanforge download ${model}.`,
    )
  if (!(confidence_level > 0 && confidence_level < 1))
    throw new UsageError(`evaluate: confidence_level is ${confidence_level}, expected a number between 0 and 1`)
}

/** @throws UsageError if an output file cannot be written, or is an input of one of the evaluations */
export function checkPlaces(outputs: readonly string[], evaluations: readonly EvaluateModelOptions[]): void {
  const inputs = evaluations.flatMap(({ data, model }) => [data, ...modelInputs(model)])
  checkOutputs(outputs, { overwrite: evaluations[0].overwrite, inputs })
}

/** @throws UsageError before the evaluation if there are too few questions to fit the threshold and the confidence */
function checkFit(questions: Dataset, { version_2_with_negative, data }: ResolvedOptions): void {
  const reason = cannotFit(readableExamples(questions), version_2_with_negative)
  if (!reason) return
  const fits = version_2_with_negative ? 'the threshold for "no answer" and the confidence' : 'the confidence'
  throw new UsageError(
    `evaluate: --calibrate stores ${fits}, but ${reason} in ${data}`,
    version_2_with_negative
      ? 'Use more questions of both kinds, or leave out --calibrate.'
      : 'Use more questions, or leave out --calibrate.',
  )
}

function checkLength({ model, max_seq_length }: EvaluateModelOptions, positions: number): void {
  if (max_seq_length == null || max_seq_length <= positions) return
  throw new UsageError(
    `evaluate: max_seq_length ${max_seq_length} exceeds the ${positions} tokens that ${model} supports`,
    `Set --max_seq_length to ${positions} or less, or leave it out.`,
  )
}

/** Evaluates a model outside of the training loop, with a progress bar. */
export async function evaluateOnScreen(
  screen: Screen,
  label: string,
  model: SpanModel,
  dataset: Dataset,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const progress = screen.counting(label, 'samples', dataset.windows.length)
  try {
    return await evaluateDataset(model, dataset, { ...options, onProgress: progress.update })
  } finally {
    progress.stop()
  }
}
