import { count, counted, decimal, duration, percentage, pValue, rate } from '../../report/render/format.ts'
import { columns, textFacts, textTable } from '../../report/render/table.ts'
import type { ModelComparison, ModelsEvaluation } from '../../runs/evaluate/compare-models.ts'
import type { ModelEvaluation } from '../../runs/evaluate/evaluate-model.ts'

type NamedResult = readonly [name: string, value: string]

const score = (value: number | undefined): string => `${decimal(value)} %`
const interval = ([low, high]: readonly [number, number], level: number): string =>
  low === high ? ALIKE : `${Number((100 * level).toFixed(1))} %: ${decimal(low)} to ${decimal(high)}`

/** Bootstrapping identical scores gives no information about the variance. */
const ALIKE = 'all scores are equal: no interval'

/** Formats the evaluation of one model. */
export function evaluationText(found: ModelEvaluation): string {
  const { confidence_level: level } = found
  return textFacts([
    ['Exact match', `${score(found.exact_match)}  (${interval(found.exact_match_interval, level)})`],
    ['F1', `${score(found.f1)}  (${interval(found.f1_interval, level)})`],
    ...v2Facts(found),
    ['Loss', decimal(found.eval_loss, 4)],
    ['Calibration error', calibrationText(found)],
    ...(found.fitted ? [['Stored', fittedText(found)] as const] : []),
    ['Read', `${counted(found.examples, 'question')}, ${counted(found.windows, 'window')}`],
    ['Time', `${duration(found.runtime)}, ${rate(found.samples_per_second, 'samples')}`],
    ...found.files.map((file, i): NamedResult => [i === 0 ? 'Written' : '', file]),
  ])
}

function v2Facts(found: ModelEvaluation): NamedResult[] {
  if (!found.version_2_with_negative) return []
  const part = (total: number | undefined, exact: number | undefined, f1: number | undefined) =>
    `exact match ${score(exact)}, F1 ${score(f1)}, ${counted(total ?? 0, 'question')}`
  const best = (value: number | undefined, threshold: number | undefined) =>
    `${score(value)} at threshold ${decimal(threshold, 3)}`
  return [
    ['Threshold', `${decimal(found.null_score_diff_threshold, 3)}: "" if null score - best score is larger`],
    ...(found.HasAns_total
      ? [['With answer', part(found.HasAns_total, found.HasAns_exact, found.HasAns_f1)] as const]
      : []),
    ...(found.NoAns_total ? [['Without', part(found.NoAns_total, found.NoAns_exact, found.NoAns_f1)] as const] : []),
    ['Best exact match', best(found.best_exact, found.best_exact_thresh)],
    ['Best F1', best(found.best_f1, found.best_f1_thresh)],
    ...(found.pr_f1_ap === undefined
      ? []
      : [
          [
            'Average precision',
            `exact match ${score(found.pr_exact_ap)}, F1 ${score(found.pr_f1_ap)}, oracle ${score(found.pr_oracle_ap)}`,
          ] as const,
        ]),
  ]
}

function calibrationText({ confidence: { expected_calibration_error: error, calibrated } }: ModelEvaluation): string {
  if (!calibrated) return `${percentage(error)} of the raw probabilities; the model has no stored confidence`
  const { cross_validated, expected_calibration_error: own, expected_calibration_error_long_texts: long } = calibrated
  const where = cross_validated ? 'fitted on these questions, cross-validated' : 'stored with the model'
  const longer = long === undefined ? '' : `, ${percentage(long)} in longer texts`
  return `${percentage(own)}${longer}: the confidence ${where}; ${percentage(error)} of the raw probabilities`
}

/** Describes the values stored by --calibrate, the previous ones, and that the scores above do not use them yet. */
function fittedText({ fitted, fitted_before: before, version_2_with_negative }: ModelEvaluation): string {
  const now = (value: number, was: number | undefined, digits: number) =>
    `${decimal(value, digits)} (${was === undefined ? 'was not stored' : `was ${decimal(was, digits)}`})`
  const parts = [
    ...(version_2_with_negative
      ? [`threshold ${now(fitted!.null_score_diff_threshold, before?.null_score_diff_threshold, 3)}`]
      : []),
    `confidence fitted on ${counted(fitted!.confidence!.questions, 'question')}`,
  ]
  return `${parts.join(', ')}; will be used from now on, but not in the scores above`
}

/** Formats the evaluations of several models as a table, followed by the paired tests. */
export function modelsText({ models, comparisons }: ModelsEvaluation): string {
  const level = models[0].confidence_level
  const title = `${Number((100 * level).toFixed(1))} %`
  const between = ([low, high]: readonly [number, number]) =>
    low === high ? 'all equal' : `${decimal(low)} to ${decimal(high)}`
  const best = models.reduce((a, b) => (b.f1 > a.f1 ? b : a))
  const hasNull = models.some(({ version_2_with_negative }) => version_2_with_negative)
  const thresholds = new Set(models.map(({ null_score_diff_threshold }) => null_score_diff_threshold))
  const rows = models.map((found) => [
    found.model,
    decimal(found.exact_match),
    between(found.exact_match_interval),
    decimal(found.f1),
    between(found.f1_interval),
    ...(hasNull
      ? [decimal(found.null_score_diff_threshold, 3), decimal(found.HasAns_f1), decimal(found.NoAns_f1)]
      : []),
    decimal(found.eval_loss, 4),
    decimal(found.samples_per_second),
  ])
  const table = textTable({
    columns: columns(
      ...['Model', '>Exact match', title, '>F1', title],
      ...(hasNull ? ['>Threshold', '>F1 with answer', '>without'] : []),
      ...['>Loss', '>Samples/s'],
    ),
    rows,
    marked: models.indexOf(best),
  })
  const { examples } = models[0]
  return [
    table,
    `* highest F1 on the same ${counted(examples, 'question')}`,
    ...(thresholds.size > 1 ? [THRESHOLDS] : []),
    ...comparisons.flatMap((comparison) => ['', ...comparisonLines(comparison)]),
    ...models.filter(({ fitted }) => fitted).map((found, i) => `${i ? '' : '\n'}${found.model}: ${fittedText(found)}`),
    ...models.flatMap(({ files }) => files).map((file, i) => `${i ? '' : '\n'}Written: ${file}`),
  ].join('\n')
}

const THRESHOLDS =
  'The models use different thresholds (stored with the model, or 0), which may explain much of the difference.\n' +
  'Fit all of them with --calibrate on other questions, or set one with --null_score_diff_threshold.'

const comparisonLines = ({ a, b, f1, exact_match, questions, sentences }: ModelComparison): string[] => [
  `${sentences[0]} (${pValue(f1.p_value)})`,
  `${sentences[1]} (${pValue(exact_match.p_value)})`,
  `answered exactly: ${count(questions.both)} by both, ${count(questions.only_a)} by ${a} alone, ` +
    `${count(questions.only_b)} by ${b} alone, ${count(questions.neither)} by neither`,
]
