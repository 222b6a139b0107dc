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
import { newlyInitialized } from '../../inference/pretrained.ts'
import { type GivenLengths, windowLengths } from '../../inference/window-lengths.ts'
import type { Dataset } from '../../squad/dataset.ts'
import { checkAnswered } from '../../squad/metrics/metrics.ts'
import type { SquadV2Metrics } from '../../squad/metrics/metrics-v2.ts'
import { type Interval, intervalOf } from '../../squad/metrics/score-intervals.ts'
import { postprocessRunQa } from '../../squad/python/postprocess-run-qa.ts'
import type { Example } from '../../squad/types.ts'
import type { EngineChoice } from '../load/choose-engine.ts'
import { cutWindows, type DataOptions, dataChoice, loadExamples } from '../load/load-data.ts'
import { type HubChoice, type LoadedModel, loadModel } from '../load/load-model.ts'
import type { Screen } from '../screen/screen.ts'
import { modelInputs } from '../train/run-files.ts'
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
  readonly max_samples?: number
  /** Every span is looked at unless it says run_qa, which is number for number what utils_qa.py does. */
  readonly postprocess?: 'exact' | 'run_qa'
  /** Candidates in nbest_predictions.json (default: 20). */
  readonly n_best_size?: number
  /** Confidence level of the bootstrap intervals (default: 0.95). */
  readonly confidence_level?: number
  /** For predictions.json, nbest_predictions.json, null_odds.json and eval_results.json. */
  readonly output_dir?: string
  /** File of the error analysis, .html; its JSON goes beside it. */
  readonly report?: string
  /** Replace files of `output_dir` and `report` that exist. */
  readonly overwrite?: boolean
  /** Fit threshold and confidence on these questions and store them with the model. */
  readonly calibrate?: boolean
  readonly screen: Screen
  readonly hub?: HubChoice
  /** Engine that computes the logits. */
  readonly choice?: EngineChoice
}

/**
 * What `spanforge evaluate --json` prints. Samples are windows, as in transformers. With version 2 also what its
 * official script finds, under its names.
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
  /** With version 2: the one that was used. */
  readonly null_score_diff_threshold?: number
  readonly confidence: ModelConfidence
  /** With `calibrate`: what is stored with the model from now on. The scores are those of the settings before. */
  readonly fitted?: AnswerSettings
  /** With `calibrate`: what it took the place of. */
  readonly fitted_before?: AnswerSettings
  /** What was written. */
  readonly files: readonly string[]
}

/** An evaluation, and the scores of each question that it is made of. */
export interface EvaluatedModel {
  readonly evaluation: ModelEvaluation
  readonly scores: readonly AnswerScore[]
}

/** Loss, exact match and F1 of a saved model on a data file, with intervals, and what else was asked for. */
export async function evaluateModel(options: EvaluateModelOptions): Promise<ModelEvaluation> {
  checkEvaluateOptions(options)
  checkPlaces(evaluationOutputs(options), [options])
  return (await evaluateOn(await readEvaluationData(options), options)).evaluation
}

export const readEvaluationData = (options: EvaluateModelOptions): Promise<Example[]> => {
  const { data, max_samples, hub } = options
  return loadExamples(data, { ...dataChoice(options, { split: 'validation', hub }), max_samples })
}

/** As evaluateModel, on questions that have been read. */
export async function evaluateOn(examples: readonly Example[], options: EvaluateModelOptions): Promise<EvaluatedModel> {
  const { screen, hub } = options
  const loaded = await loadModel(options.model, { choice: options.choice }, hub)
  const { model, tokenizer, report } = loaded
  for (const text of [loaded.engineNote, newlyInitialized(options.model, model, report)])
    if (text) screen.print(`${text}\n`)
  checkLength(options, model.geometry.max_positions)
  const asked = withStored(options, loaded)
  if (!asked.version_2_with_negative) checkAnswered(examples)
  const lengths = lengthsOf(options, loaded)
  if (lengths.note) screen.print(lengths.note)
  const data = await cutWindows(tokenizer, examples, { ...lengths, screen, label: 'Tokenizing' })
  if (asked.calibrate) checkFit(data, asked)
  const progress = screen.counting('Evaluating', 'samples', data.windows.length)
  try {
    const found = await evaluateDataset(model, data, { ...asked, onProgress: progress.update })
    progress.stop()
    return await judge(data, found, loaded, asked)
  } finally {
    progress.stop()
    await model.release()
  }
}

type ResolvedOptions = ReturnType<typeof withStored>

const lengthsOf = (options: EvaluateModelOptions, { model, tokenizer, settings }: LoadedModel) =>
  windowLengths(options, { ...model.geometry, model_max_length: tokenizer.model_max_length, settings })

/** The options, with those that are not given as they are stored with the model. */
function withStored(options: EvaluateModelOptions, loaded: LoadedModel) {
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

async function judge(
  data: Dataset,
  found: Evaluation,
  loaded: LoadedModel,
  asked: ResolvedOptions,
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
  return { evaluation: { ...evaluation, files }, scores }
}

async function calibrate(
  data: Dataset,
  found: Evaluation,
  loaded: LoadedModel,
  asked: ResolvedOptions,
): Promise<FittedSettings> {
  const fitted = await fitSettings(data, found, asked, loaded, asked.screen)
  await saveAnswerSettings(loaded.folder, fitted.settings)
  return fitted
}

/** @throws UsageError for options that do not go together */
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
      'evaluate: --report needs exact probabilities, which run_qa does not give',
      'Leave out --postprocess run_qa.',
    )
  if (calibrate && !existsSync(model))
    throw new UsageError(
      `evaluate: --calibrate stores with the model, but ${model} is no folder`,
      'Download it first: spanforge download.',
    )
  if (!(confidence_level > 0 && confidence_level < 1))
    throw new UsageError(`evaluate: confidence_level is ${confidence_level}, expected a share between 0 and 1`)
}

/** @throws UsageError for files that may not be written, or are read by one of the evaluations */
export function checkPlaces(outputs: readonly string[], evaluations: readonly EvaluateModelOptions[]): void {
  const inputs = evaluations.flatMap(({ data, model }) => [data, ...modelInputs(model)])
  checkOutputs(outputs, { overwrite: evaluations[0].overwrite, inputs })
}

/** @throws UsageError for too few questions to fit threshold and confidence on, before the model reads them */
function checkFit(questions: Dataset, { version_2_with_negative, data }: ResolvedOptions): void {
  const reason = cannotFit(readableExamples(questions), version_2_with_negative)
  if (!reason) return
  const fits = version_2_with_negative ? 'the threshold for "no answer" and the confidence' : 'the confidence'
  throw new UsageError(
    `evaluate: --calibrate stores ${fits}, but ${reason} in ${data}`,
    version_2_with_negative
      ? 'Give more questions, of both kinds, or leave out --calibrate.'
      : 'Give more questions, or leave out --calibrate.',
  )
}

function checkLength({ model, max_seq_length }: EvaluateModelOptions, positions: number): void {
  if (max_seq_length == null || max_seq_length <= positions) return
  throw new UsageError(
    `evaluate: max_seq_length ${max_seq_length} is more than the ${positions} tokens that ${model} reads at most`,
    `Give --max_seq_length ${positions} or less, or leave it out.`,
  )
}
