import { join, parse } from 'node:path'
import { UsageError } from '../../errors.ts'
import type { AnswerScore } from '../../inference/evaluate.ts'
import {
  bootstrapDifference,
  comparisonSentence,
  inPercent,
  type PairedDifference,
} from '../../squad/metrics/bootstrap.ts'
import { mcNemarTest, randomizationTest } from '../../squad/metrics/paired-tests.ts'
import {
  checkEvaluateOptions,
  checkPlaces,
  type EvaluatedModel,
  type EvaluateModelOptions,
  evaluateOn,
  type ModelEvaluation,
  readEvaluationData,
} from './evaluate-model.ts'
import { evaluationOutputs } from './evaluation-files.ts'

/** A comparison of two models on the same questions. Differences are in percent, positive if b is better. */
export interface ModelComparison {
  readonly a: string
  readonly b: string
  readonly exact_match: PairedDifference
  readonly f1: PairedDifference
  /** How many questions both, only one, or neither answers exactly. */
  readonly questions: {
    readonly both: number
    readonly only_a: number
    readonly only_b: number
    readonly neither: number
  }
  /** Result of the tests in words. */
  readonly sentences: readonly string[]
}

export interface ModelsEvaluation {
  readonly models: readonly ModelEvaluation[]
  /** Each pair of models once. */
  readonly comparisons: readonly ModelComparison[]
}

/**
 * Evaluates several models on the same questions and compares each pair of them: intervals come from a paired
 * bootstrap, p-values from a randomization test for F1 and from McNemar's test for exact match. The files of each model
 * go to a folder with its name in output_dir, and its report to a file with its name.
 */
export async function compareModels(
  models: readonly string[],
  options: Omit<EvaluateModelOptions, 'model'>,
): Promise<ModelsEvaluation> {
  if (new Set(models).size < models.length) throw new UsageError('evaluate: the same model is given twice')
  for (const model of models) checkEvaluateOptions({ ...options, model })
  const names = shortNames(models)
  const each = models.map((model, i) => ({ ...options, model, ...placesOf(names[i], options) }))
  checkPlaces(each.flatMap(evaluationOutputs), each)
  const examples = await readEvaluationData(each[0])
  const found: EvaluatedModel[] = []
  for (const [i, own] of each.entries()) {
    options.screen.print(`${names[i]} (${i + 1} of ${models.length})`)
    const { evaluation, ...rest } = await evaluateOn(examples, own)
    found.push({ evaluation: { ...evaluation, model: names[i] }, ...rest })
  }
  return {
    models: found.map(({ evaluation }) => evaluation),
    comparisons: found.flatMap((a, i) => found.slice(i + 1).map((b) => compareEvaluated(a, b))),
  }
}

/** Shortens each path to as few of its last parts as keep the names distinct. */
export function shortNames(models: readonly string[]): string[] {
  const parts = models.map((model) => model.split(/[\\/]/).filter(Boolean))
  return parts.map((own, i) => {
    for (let length = 1; length <= own.length; length++) {
      const name = own.slice(-length).join('/')
      if (parts.every((other, j) => j === i || other.slice(-length).join('/') !== name)) return name
    }
    return models[i]
  })
}

function placesOf(name: string, { output_dir, report }: Pick<EvaluateModelOptions, 'output_dir' | 'report'>) {
  const safe = name.replaceAll('/', '-')
  const { dir, name: base, ext } = parse(report ?? '')
  return {
    ...(output_dir && { output_dir: join(output_dir, safe) }),
    ...(report && { report: join(dir, `${base}-${safe}${ext}`) }),
  }
}

/** Compares two models that were evaluated on the same questions. */
export function compareEvaluated(a: EvaluatedModel, b: EvaluatedModel): ModelComparison {
  const level = a.evaluation.confidence_level
  const names = [a.evaluation.model, b.evaluation.model] as const
  const scoresOf = (metric: keyof AnswerScore) => [inPercent(a.scores, metric), inPercent(b.scores, metric)] as const
  const difference = (metric: keyof AnswerScore) =>
    bootstrapDifference(...scoresOf(metric), { confidence_level: level })
  const count = (right: boolean, rightB: boolean) =>
    a.scores.filter((score, i) => (score.exact_match === 1) === right && (b.scores[i].exact_match === 1) === rightB)
      .length
  const [only_a, only_b] = [count(true, false), count(false, true)]
  const exact_match = { ...difference('exact_match'), p_value: mcNemarTest(only_a, only_b) }
  const f1 = { ...difference('f1'), p_value: randomizationTest(...scoresOf('f1')) }
  return {
    a: names[0],
    b: names[1],
    exact_match,
    f1,
    questions: { both: count(true, true), only_a, only_b, neither: count(false, false) },
    sentences: [
      comparisonSentence(names, 'F1', f1, level),
      comparisonSentence(names, 'exact match', exact_match, level),
    ],
  }
}
